"""The one way out: data sets registered, contracts shared, requests checked, approved, published; all in the ledger."""
