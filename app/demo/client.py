"""A small client of the REST API: uploads, solves that are followed, and downloads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from solver.domain import SchoolrunError

_ENDED = ("succeeded", "failed", "cancelled")


class ServiceRefusedError(SchoolrunError):
    """The service answered with a problem; the message holds what it said."""


class Client:
    """One authority's client, with one key."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=120)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def upload_roads(self, name: str, path: Path) -> dict[str, Any]:
        """Upload a roads file."""
        with path.open("rb") as file:
            return self._read(
                self._http.post("/v1/roads", data={"name": name}, files={"file": (path.name, file)})
            )

    def upload_dataset(
        self, name: str, files: list[tuple[str, Path]], *, is_synthetic: bool
    ) -> dict[str, Any]:
        """Upload a council's files, given with their kinds."""
        with ExitStack() as stack:
            parts = [
                (kind, (path.name, stack.enter_context(path.open("rb")))) for kind, path in files
            ]
            form = {"name": name, "is_synthetic": str(is_synthetic).lower()}
            return self._read(self._http.post("/v1/datasets", data=form, files=parts))

    def create_scenario(self, name: str, dataset_id: str, roads_id: str, levers: Any) -> str:
        """Create a scenario and return its id."""
        body = {"name": name, "dataset_id": dataset_id, "roads_id": roads_id, "levers": levers}
        return str(self._read(self._http.post("/v1/scenarios", json=body))["id"])

    def solve(
        self,
        scenario_id: str,
        kind: str,
        limits: dict[str, Any],
        on_progress: Callable[[dict[str, Any]], None],
    ) -> dict[str, Any]:
        """Start a solve, follow its events to the end, and return it.

        Raises
        ------
        ServiceRefusedError
            If it is refused, or does not succeed.
        """
        body = {"scenario_id": scenario_id, "kind": kind, **limits}
        solve = self._read(self._http.post("/v1/solves", json=body))
        for event, content in self._follow(solve["id"]):
            if event == "progress":
                on_progress(content)
        solve = self.get(f"/v1/solves/{solve['id']}")
        if solve["state"] != "succeeded":
            raise ServiceRefusedError(f"a solve ended as {solve['state']}: {solve['failure']}")
        return solve

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return a JSON resource."""
        return self._read(self._http.get(path, params=query))

    def download(self, path: str, to: Path, **query: Any) -> None:
        """Download a file."""
        answer = self._http.get(path, params=query)
        if answer.is_error:
            self._read(answer)
        to.write_bytes(answer.content)

    def _follow(self, solve_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield server-sent events; a broken stream is taken up after the last one."""
        last = "0"
        while True:
            with self._http.stream(
                "GET", f"/v1/solves/{solve_id}/events", headers={"Last-Event-ID": last}
            ) as stream:
                event = ""
                for line in stream.iter_lines():
                    if line.startswith("id: "):
                        last = line[4:]
                    elif line.startswith("event: "):
                        event = line[7:]
                    elif line.startswith("data: "):
                        yield event, json.loads(line[6:])
            if self.get(f"/v1/solves/{solve_id}")["state"] in _ENDED:
                return

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            try:
                problem = answer.json()
            except ValueError:
                problem = {"detail": answer.text[:300]}
            faults = "".join(f"\n  {fault.get('text')}" for fault in problem.get("errors", [])[:20])
            raise ServiceRefusedError(
                f"{answer.request.method} {answer.request.url.path} answered "
                f"{answer.status_code}: {problem.get('detail')}{faults}"
            )
        return dict(answer.json())
