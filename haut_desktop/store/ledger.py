"""The pen with which a transaction writes: every row with its station and moment, acts audited."""

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import Event, State, Waiting
from haut_desktop.domain.errors import StoreError
from haut_desktop.domain.ids import new_id
from haut_desktop.store import audit_log
from haut_desktop.store.driver import Connection
from haut_desktop.store.rows import Value, text_of


class Ledger:
    """Writes rows within one transaction; the moment is the same for all of them."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection
        self.at = clock()
        here = connection.execute(
            "SELECT station.id, site.zone FROM station JOIN site ON site.id = station.site_id"
            " WHERE is_here = 1"
        ).fetchone()
        if here is None:
            raise StoreError("The station has no site yet. Set it up first.")
        self.station_id: str = here["id"]
        self.zone: str = here["zone"]

    def insert(self, table: str, **values: Value) -> None:
        """Add a row with the station's id and the moment; the names are ours, never input."""
        row = {**values, "station_id": self.station_id, "written_at": text_of(self.at)}
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are ours
        self.connection.execute(statement, row)

    def audit(
        self, act: Act, action: str, entity: str, entity_id: str, *, old: str = "", new: str = ""
    ) -> None:
        """Add a line to the audit trail."""
        audit_log.record(
            self.connection,
            act,
            action,
            entity,
            entity_id,
            at=self.at,
            zone=self.zone,
            station_id=self.station_id,
            old=old,
            new=new,
        )

    def correct(
        self, act: Act, entity: str, entity_id: str, field: str, *, old: str, new: str
    ) -> None:
        """Lay a later value over an earlier one, with its reason; the earlier one stays."""
        self.insert(
            "correction",
            id=new_id(),
            entity=entity,
            entity_id=entity_id,
            field=field,
            old=old,
            new=new,
            reason=act.reason,
            operator_id=act.operator_id,
        )
        self.audit(act, f"{entity}.corrected", entity, entity_id, old=old, new=new)

    def moved(
        self,
        entity: str,
        entity_id: str,
        event: Event,
        old: State,
        new: State,
        waiting: Waiting,
        act: Act,
    ) -> None:
        """Note a move of the state machine; a person's one goes to the audit trail too."""
        self.insert(
            "transition",
            id=new_id(),
            entity=entity,
            entity_id=entity_id,
            event=event.value,
            old=old.value,
            new=new.value,
            attempt=waiting.attempt,
            error_kind=waiting.trouble.kind if waiting.trouble else None,
            operator_id=act.operator_id,
            reason=act.reason,
        )
        if act.operator_id is not None:
            self.audit(
                act, f"{entity}.{event.value}", entity, entity_id, old=old.value, new=new.value
            )
