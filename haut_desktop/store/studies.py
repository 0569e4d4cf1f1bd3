"""The frame of the work: site, station, operators, studies with plan and datasets, settings."""

from typing import Final

import msgspec

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import Route
from haut_desktop.domain.ids import (
    CompanyId,
    DatasetId,
    OperatorId,
    PlatformDatasetId,
    SiteId,
    StationId,
    StudyId,
    new_id,
)
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.session import Account
from haut_desktop.domain.study import Dataset, ImagingPlan, Operator, Site, Station, Study
from haut_desktop.domain.tenant import Tenant
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import (
    OF_TENANT,
    moment_or_none,
    one,
    pairs_text,
    tenant_values,
    text_of,
    text_or_none,
    update,
    words_of,
)

_LAST_STUDY = "last-study"
_SERVER_SETTLED = "from before servers were kept"

# made at import, not at first use: msgspec breaks down when two threads learn a class at once
_PLANS: Final = msgspec.json.Decoder(ImagingPlan)

_UNSENT = f"""
SELECT count(*) FROM image
JOIN batch ON batch.id = image.batch_id
JOIN dataset ON dataset.id = batch.dataset_id
JOIN study ON study.id = dataset.study_id
WHERE image.state IN ('SEALED', 'UPLOADING', 'UNSETTLED', 'HELD')
    AND batch.state <> 'RETRACTED'
    AND {OF_TENANT}
"""  # noqa: S608 - a clause of ours


class StudyStore:
    """Keeps what changes seldom and everything else refers to."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def site(self) -> Site | None:
        """Give the site; None before the station is set up."""
        return await self._database.read(
            lambda c: site_of(c.execute("SELECT * FROM site LIMIT 1").fetchone())
        )

    async def station(self) -> Station | None:
        """Give this station; None before it is set up."""
        return await self._database.read(read_station)

    async def set_up(self, site_code: str, zone: str, station_name: str, act: Act) -> Station:
        """Make the site and this station, once."""

        def work(connection: Connection) -> Station:
            if (known := read_station(connection)) is not None:
                return known
            at = self._clock()
            site_id, station_id = SiteId(new_id()), StationId(new_id())
            connection.execute(
                "INSERT INTO site VALUES (?, ?, ?, ?)", (site_id, site_code, zone, text_of(at))
            )
            connection.execute(
                "INSERT INTO station VALUES (?, ?, ?, 1, ?)",
                (station_id, site_id, station_name, text_of(at)),
            )
            ledger = Ledger(connection, lambda: at)
            ledger.audit(act, "station.set-up", "station", station_id, new=site_code)
            return Station(station_id, site_id, station_name)

        return await self._database.write(work)

    async def operator_for(self, account: Account) -> Operator:
        """Give the operator who works with ``account``, made at the first sign-in."""

        def work(connection: Connection) -> Operator:
            tenant = account.tenant
            key = (tenant.company_id, account.username, tenant.server)
            row = connection.execute(
                "SELECT * FROM operator WHERE company_id = ? AND username = ? AND server = ?", key
            ).fetchone()
            if row is not None:
                return operator_of(row)
            ledger = Ledger(connection, self._clock)
            made = Operator(
                OperatorId(new_id()),
                account.company_id,
                account.user_id,
                account.username,
                tenant.server,
            )
            ledger.insert(
                "operator",
                id=made.id,
                company_id=made.company_id,
                platform_user_id=made.platform_user_id,
                username=made.username,
                server=made.server,
            )
            ledger.audit(Act(made.id), "operator.added", "operator", made.id)
            return made

        return await self._database.write(work)

    async def operator(self, operator_id: OperatorId) -> Operator | None:
        """Give one operator, so that the trail can say who it was."""

        def work(connection: Connection) -> Operator | None:
            row = connection.execute(
                "SELECT * FROM operator WHERE id = ?", (operator_id,)
            ).fetchone()
            return None if row is None else operator_of(row)

        return await self._database.read(work)

    async def studies(self, tenant: Tenant) -> tuple[Study, ...]:
        """Give a company's studies on its server, by name."""

        def work(connection: Connection) -> tuple[Study, ...]:
            rows = connection.execute(
                f"SELECT * FROM study WHERE {OF_TENANT} ORDER BY name, id",  # noqa: S608 - ours
                tenant_values(tenant),
            ).fetchall()
            return tuple(_study(connection, row) for row in rows)

        return await self._database.read(work)

    async def every_study(self) -> tuple[Study, ...]:
        """Give the studies of all companies that worked at this station."""

        def work(connection: Connection) -> tuple[Study, ...]:
            rows = connection.execute("SELECT * FROM study ORDER BY rowid").fetchall()
            return tuple(_study(connection, row) for row in rows)

        return await self._database.read(work)

    async def settle_servers(self, tenant: Tenant) -> int:
        """Give ``tenant`` the studies of its company from before servers were kept; counts them.

        The trail says of each which server it was given: nobody wrote it down at the time.
        """

        def work(connection: Connection) -> int:
            values = tenant_values(tenant)
            found = connection.execute(
                "SELECT id FROM study WHERE company_id = :company AND server = ''", values
            ).fetchall()
            ledger = Ledger(connection, self._clock)
            for row in found:
                update(connection, "study", row["id"], {"server": tenant.server})
                ledger.audit(
                    Act(None, _SERVER_SETTLED), "study.server-settled", "study", row["id"],
                    new=tenant.server,
                )  # fmt: skip
            connection.execute(
                "UPDATE OR IGNORE operator SET server = :server"
                " WHERE company_id = :company AND server = ''",
                values,
            )
            return len(found)

        return await self._database.write(work)

    async def unsent_pictures(self, tenant: Tenant) -> int:
        """Count the pictures of a company on its server that are not on the platform yet."""
        return await self._database.read(
            lambda c: int(c.execute(_UNSENT, tenant_values(tenant)).fetchone()[0])
        )

    async def study(self, study_id: StudyId) -> Study:
        """Give one study with its newest plan; raises StoreError for an unknown one."""

        return await self._database.read(lambda c: read_study(c, study_id))

    async def save_study(self, study: Study, act: Act) -> None:
        """Add a study, or bring name, datasets and plan up to date; a changed plan is a version."""

        await self._database.write(lambda c: write_study(Ledger(c, self._clock), study, act))

    async def last_study(self) -> StudyId | None:
        """Give the study that was worked on last."""
        value = await self.setting(_LAST_STUDY)
        return StudyId(value) if value else None

    async def set_last_study(self, study_id: StudyId) -> None:
        """Remember the study that is worked on."""
        await self.set_setting(_LAST_STUDY, study_id)

    async def setting(self, name: str) -> str | None:
        """Give a setting of the station."""

        def work(connection: Connection) -> str | None:
            row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row["value"])

        return await self._database.read(work)

    async def change_setting(self, name: str, value: str, act: Act) -> None:
        """Keep a setting that a person answers for: who, what it was and what it is are noted."""

        def work(connection: Connection) -> None:
            row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
            old = str(row["value"]) if row else ""
            if old == value:
                return
            ledger = Ledger(connection, self._clock)
            connection.execute("DELETE FROM setting WHERE name = ?", (name,))
            ledger.insert("setting", name=name, value=value)
            ledger.audit(
                act, "setting.changed", "station", ledger.station_id,
                old=f"{name}={old}", new=f"{name}={value}",
            )  # fmt: skip

        await self._database.write(work)

    async def set_setting(self, name: str, value: str) -> None:
        """Keep a setting of the station."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM setting WHERE name = ?", (name,))
            Ledger(connection, self._clock).insert("setting", name=name, value=value)

        await self._database.write(work)


def write_study(ledger: Ledger, study: Study, act: Act) -> None:
    """Add a study or bring it up to date, within the caller's transaction."""
    connection = ledger.connection
    known = connection.execute("SELECT id FROM study WHERE id = ?", (study.id,)).fetchone()
    if known is None:
        ledger.insert(
            "study",
            id=study.id,
            company_id=study.company_id,
            name=study.name,
            created_at=text_or_none(study.created_at),
            server=study.server,
        )
        ledger.audit(act, "study.added", "study", study.id, new=study.name)
    else:
        update(connection, "study", study.id, {"name": study.name})
        # a study never moves to another server; one that had none yet may be told its own
        connection.execute(
            "UPDATE study SET server = ? WHERE id = ? AND server = ''", (study.server, study.id)
        )
    for dataset in study.datasets:
        _save_dataset(ledger, dataset, act)
    _save_plan(ledger, study, act)


def _save_dataset(ledger: Ledger, dataset: Dataset, act: Act) -> None:
    columns = {
        "platform_id": dataset.platform_id,
        "name": dataset.name,
        "route": dataset.route.value,
        "applications": pairs_text(dataset.applications),
    }
    row = ledger.connection.execute("SELECT * FROM dataset WHERE id = ?", (dataset.id,)).fetchone()
    if row is None:
        ledger.insert(
            "dataset",
            id=dataset.id,
            study_id=dataset.study_id,
            image_type=dataset.image_type.value,
            **columns,
        )
        return
    if any(row[name] != value for name, value in columns.items()):
        update(ledger.connection, "dataset", dataset.id, columns)
        ledger.audit(
            act,
            "dataset.changed",
            "dataset",
            dataset.id,
            old=row["applications"],
            new=columns["applications"],
        )


def _plan_of(row: Row) -> ImagingPlan:
    """Read a plan; what an older version did not know of has its default."""
    return _PLANS.decode(row["content"])


def _save_plan(ledger: Ledger, study: Study, act: Act) -> None:
    content = msgspec.json.encode(study.plan).decode()
    last = _newest_plan(ledger.connection, study.id)
    if last is not None and _plan_of(last) == study.plan:
        return
    version = 1 if last is None else last["version"] + 1
    ledger.insert(
        "imaging_plan",
        id=new_id(),
        study_id=study.id,
        version=version,
        content=content,
        operator_id=act.operator_id,
    )
    ledger.audit(act, "plan.changed", "study", study.id, new=f"version {version}")


def _newest_plan(connection: Connection, study_id: str) -> Row | None:
    row: Row | None = connection.execute(
        "SELECT * FROM imaging_plan WHERE study_id = ? ORDER BY version DESC LIMIT 1", (study_id,)
    ).fetchone()
    return row


def read_study(connection: Connection, study_id: StudyId) -> Study:
    """Read one study with its newest plan; raises StoreError for an unknown one."""
    row = connection.execute("SELECT * FROM study WHERE id = ?", (study_id,)).fetchone()
    return _study(connection, one(row, "study"))


def _study(connection: Connection, row: Row) -> Study:
    plan = one(_newest_plan(connection, row["id"]), "imaging plan")
    datasets = connection.execute(
        "SELECT * FROM dataset WHERE study_id = ? ORDER BY image_type", (row["id"],)
    )
    return Study(
        id=StudyId(row["id"]),
        company_id=CompanyId(row["company_id"]),
        name=row["name"],
        datasets=tuple(_dataset(dataset) for dataset in datasets),
        plan=_plan_of(plan),
        created_at=moment_or_none(row["created_at"]),
        server=row["server"],
    )


def _dataset(row: Row) -> Dataset:
    return Dataset(
        id=DatasetId(row["id"]),
        study_id=StudyId(row["study_id"]),
        image_type=ImageType(row["image_type"]),
        platform_id=PlatformDatasetId(row["platform_id"]),
        name=row["name"],
        route=Route(row["route"]),
        applications=words_of(row["applications"]),
    )


def site_of(row: Row | None) -> Site | None:
    """Read a site."""
    return None if row is None else Site(SiteId(row["id"]), row["code"], row["zone"])


def read_station(connection: Connection) -> Station | None:
    """Read this station; None before it is set up."""
    row = connection.execute("SELECT * FROM station WHERE is_here = 1").fetchone()
    if row is None:
        return None
    return Station(StationId(row["id"]), SiteId(row["site_id"]), row["name"])


def operator_of(row: Row) -> Operator:
    """Read an operator."""
    return Operator(
        OperatorId(row["id"]),
        CompanyId(row["company_id"]),
        row["platform_user_id"],
        row["username"],
        row["server"],
    )
