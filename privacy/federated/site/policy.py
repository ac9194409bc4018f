"""A job held against what a site lets jobs have."""

from __future__ import annotations

from privacy.federated.job.job import Job
from privacy.federated.job.methods import name_of
from privacy.federated.site.mapping import Site
from privacy.reason import Reason, Texts, reason

TEXTS: Texts = {
    "site-party": ("{site} is none of the sites of the job", "{site} 不是该作业的参与机构"),
    "site-method": ("the site does not allow {method}", "本机构不允许使用 {method}"),
    "site-aggregation": ("the site does not allow sums by {kind}", "本机构不允许以 {kind} 方式聚合"),
}


def judge(job: Job, site: Site) -> list[Reason]:
    """Why the site does not let the job in, whatever its records are; empty when it does."""
    found = []
    if site.site not in job.parties.sites:
        found.append(reason(TEXTS, "site-party", site=site.site))
    if name_of(job.method) not in site.policy.methods:
        found.append(reason(TEXTS, "site-method", method=name_of(job.method)))
    if job.aggregation.by not in site.policy.aggregation:
        found.append(reason(TEXTS, "site-aggregation", kind=job.aggregation.by))
    return found
