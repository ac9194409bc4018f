"""A request's result at the door: computed by reviewed code from the registered data, or read from what a job left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from privacy.data.table import file_digest
from privacy.disclosure import door
from privacy.disclosure.policy import Policy
from privacy.disclosure.read import read
from privacy.query.compute import compute
from privacy.query.spec import faults
from privacy.reason import Reason, Texts, reason
from privacy.release import places
from privacy.release.documents import Request
from privacy.release.state import State
from secops.core.content import convert
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.disclosure.differencing import History
    from privacy.disclosure.result import Cleared, Raw, Result

TEXTS: Texts = {
    "release-other": (
        "the result is of other data, or of another kind, than the request says",
        "结果的数据或类型与申请不符",
    ),
}


class Clearing:
    """What a request of an exchange stands on: its data set, its contract's policy, the releases before."""

    def __init__(self, folder: Path, state: State, request: Request) -> None:
        """The data set must be registered and the contract be there: `grounds` says so before."""
        self.request = request
        self.dataset = state.datasets[request.dataset, request.version]
        self.folder = places.of_dataset(folder, request.dataset, request.version)
        self._policy = state.sharings[request.contract].policy

    @property
    def policy(self) -> Policy:
        """The policy that the contract was offered with."""
        return convert(self._policy, Policy)

    def history(self) -> History:
        """The history that the ledger names."""
        return places.history_of(self.folder, self.dataset)

    def must_fit(self) -> None:
        """Raise `UsageError` for a query that does not fit the schema of the data."""
        if self.request.query is None:
            return
        for fault in faults(self.request.query, places.place_of(self.folder).schema):
            raise UsageError(fault.what, where=f"query.{fault.place}", hint=_("docs/queries.md helps."))

    def clear(self, policy: Policy, history: History, result: Path | None) -> Cleared | list[Reason]:
        """What may leave, or why nothing may. `result` is the file of a job, for a request that has no query."""
        request = self.request
        found = door.clear(self._raw(result), policy, history)
        if isinstance(found, list):
            return found
        same = (found.dataset, found.version, found.kind) == (request.dataset, request.version, request.method)
        return found if same else [reason(TEXTS, "release-other")]

    def _raw(self, result: Path | None) -> Raw[Result]:
        request = self.request
        if request.query:
            path, schema = places.data_of(self.folder, self.dataset)
            return cast("Raw[Any]", compute(request.query, schema, path, request.dataset, request.version))
        if result is None or file_digest(result) != request.result:
            raise RefusedError(_("is not the file that was signed for"), where=str(result or ""))
        return read(result)
