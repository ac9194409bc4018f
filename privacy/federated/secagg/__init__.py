"""Secure aggregation: a hub adds up vectors of whole numbers of many sites, and sees only their sum.

Double masking on the complete graph, after Bonawitz et al., Practical Secure Aggregation for Privacy-Preserving Machine
Learning (CCS 2017), in its variant against a hub that lies. Machines without any input or output: `Site` and `Hub` take
and give bytes. docs/secure-aggregation.md tells the protocol, what it withstands and what it does not.
"""
