"""The Haut.AI platform: its calls as methods, with domain objects in and out."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from haut_desktop.api.accounts import Accounts
from haut_desktop.api.auth import TokenKeeper
from haut_desktop.api.fields import Fields, iso_moment
from haut_desktop.api.platform import OnAnswer, Platform, path
from haut_desktop.api.transport import InlineBody, Network, OnProgress
from haut_desktop.api.wire import (
    make_subject_body,
    make_upload_body,
    parse_batch,
    parse_image,
    parse_initiated,
    parse_subject,
)
from haut_desktop.api.wire_catalog import (
    GUESS_SEX_PATHS,
    Entry,
    ImageTypeEntry,
    parse_algorithm,
    parse_application,
    parse_dataset,
    parse_entry,
    parse_image_type,
)
from haut_desktop.api.wire_results import parse_batch_results
from haut_desktop.api.wire_rows import parse_aux_picture, parse_rows
from haut_desktop.api.wire_sides import light_id, side_id
from haut_desktop.domain.analysis import Algorithm, Application, BatchResults, RemotePicture
from haut_desktop.domain.clock import Clock, system_clock
from haut_desktop.domain.errors import OtherAccountError, RefusedError, UnexpectedAnswerError
from haut_desktop.domain.ids import (
    PlatformBatchId,
    PlatformDatasetId,
    PlatformImageId,
    PlatformSubjectId,
    StationId,
    SubjectId,
)
from haut_desktop.domain.imaging import (
    ImageType,
    InitiatedBatch,
    PlatformBatch,
    PlatformImage,
    Side,
)
from haut_desktop.domain.session import SignedIn, Tokens
from haut_desktop.domain.study import PlatformDataset
from haut_desktop.domain.subjects import PlatformSubject, SubjectDetails, normalise_code
from haut_desktop.domain.tenant import Tenant

T = TypeVar("T")

GUESS_COMPUTE_ACCEPTED: Final = (httpx.codes.NO_CONTENT, httpx.codes.ACCEPTED)
"""§6.5: a computation is answered with 204; 202 would say the same. A mere 200 is what proxies and
guest networks say of everything."""

_DICTIONARIES: Final = path("v1", "dicts")


class HautApi:
    """One server, one account: raises only the domain's errors; lists are always whole."""

    def __init__(
        self,
        server: str,
        keeper: TokenKeeper,
        *,
        network: Network | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._network = network or Network()
        self._platform = Platform(server, keeper, self._network, clock)
        self._accounts = Accounts(self._platform, clock)
        self._keeper = keeper
        self._image_types: tuple[ImageTypeEntry, ...] = ()
        self._sexes: tuple[Entry, ...] | None = None
        self._has_search_found = False
        keeper.exchange = self.refresh

    @property
    def server(self) -> str:
        """Base address of the platform."""
        return self._platform.server

    @server.setter
    def server(self, address: str) -> None:
        self._platform.server = address
        self._image_types, self._sexes = (), None
        self._has_search_found = False

    @property
    def on_answer(self) -> OnAnswer | None:
        """Hears of every answer that proves the platform can be reached."""
        return self._platform.on_answer

    @on_answer.setter
    def on_answer(self, callback: OnAnswer | None) -> None:
        self._platform.on_answer = callback

    @property
    def clock_offset_s(self) -> float:
        """Seconds by which the platform's clock is ahead of the station's."""
        return self._platform.clock_offset.total_seconds()

    async def aclose(self) -> None:
        """Finish a renewal of tokens that is under way, then close the connections."""
        await self._keeper.aclose()
        await self._platform.aclose()

    # ---- account

    async def sign_in(self, username: str, password: str) -> SignedIn:
        """Sign in by password; the tokens are not used before the keeper is told to."""
        return await self._accounts.sign_in(username, password)

    async def sign_in_with_token(self, token: str) -> SignedIn:
        """Sign in with a private token made in the web portal."""
        return await self._accounts.sign_in_with_token(token)

    async def refresh(self, tokens: Tokens) -> Tokens:
        """Exchange the refresh token for new tokens."""
        return await self._accounts.refresh(tokens)

    # ---- dictionaries

    async def algorithms(self) -> tuple[Algorithm, ...]:
        """Every algorithm version that the platform describes."""
        return await self._all("algorithms", path("v1", "dicts", "algorithms"), parse_algorithm)

    async def image_types(self) -> tuple[ImageTypeEntry, ...]:
        """Image types with their sides and lights; asked for once."""
        if not self._image_types:
            where = path("v1", "dicts", "image_types")
            self._image_types = await self._all("image types", where, parse_image_type)
        return self._image_types

    async def biological_sexes(self) -> tuple[tuple[str, str], ...]:
        """Technical name and name of each; none when the platform has no such dictionary."""
        return tuple((sex.tech_name, sex.name) for sex in await self._known_sexes())

    # ---- applications and datasets

    async def applications(self, tenant: Tenant) -> tuple[Application, ...]:
        """Applications that the company may attach."""
        where = self._of(tenant, "v1", "applications")
        return await self._all("applications", where, parse_application)

    async def datasets(self, tenant: Tenant) -> tuple[PlatformDataset, ...]:
        """The company's datasets; the short list where the platform has no long one (§4.2)."""
        where = self._of(tenant, "v1", "datasets")
        try:
            return await self._all("datasets", where, parse_dataset)
        except RefusedError as error:
            if error.status not in (404, 405):
                raise
        where = self._of(tenant, "v1", "datasets", "short_list")
        return await self._all("datasets", where, parse_dataset)

    async def dataset(self, tenant: Tenant, dataset: PlatformDatasetId) -> PlatformDataset:
        """One dataset with its connected applications."""
        where = self._of(tenant, "v1", "datasets", dataset)
        return parse_dataset(await self._platform.fields("dataset", "GET", where))

    # ---- subjects

    async def find_subjects(
        self, tenant: Tenant, dataset: PlatformDatasetId, name: str
    ) -> tuple[PlatformSubject, ...]:
        """Subjects of this name, in any case (§5: the search itself may find more).

        Codes that differ in case alone are one code to every reader, so they are to us. Whether the
        search looks at names is not known (§12.9): until it has found one, what it does not find is
        looked for on all pages.
        """
        where = self._of(tenant, "v1", "datasets", dataset, "subjects")
        found = _named(await self._all("subjects", where, parse_subject, {"q": name}), name)
        self._has_search_found |= bool(found)
        if found or self._has_search_found:
            return found
        return _named(await self.subjects(tenant, dataset), name)

    async def subjects(
        self, tenant: Tenant, dataset: PlatformDatasetId
    ) -> tuple[PlatformSubject, ...]:
        """All subjects of the dataset."""
        where = self._of(tenant, "v1", "datasets", dataset, "subjects")
        return await self._all("subjects", where, parse_subject)

    async def create_subject(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        name: str,
        details: SubjectDetails,
        *,
        subject_id: SubjectId,
        station_id: StationId,
    ) -> PlatformSubject:
        """Register a subject with our own id and the station's in its ``meta``."""
        sex_id = await self._sex_id(details.biological_sex)
        body = make_subject_body(name, details, sex_id, subject_id, station_id)
        where = self._of(tenant, "v1", "datasets", dataset, "subjects")
        return parse_subject(
            await self._platform.fields("create subject", "POST", where, body=body)
        )

    # ---- signed route (v3)

    async def initiate_upload(
        self,
        tenant: Tenant,
        subject: PlatformSubjectId,
        names: Mapping[Side, str],
        *,
        created_at: datetime,
        meta: Mapping[str, str],
    ) -> InitiatedBatch:
        """Open a batch and get one signed address for each side."""
        where = self._of(tenant, "v3", "subjects", subject, "upload")
        body = make_upload_body(names, created_at, meta)
        fields = await self._platform.fields("initiate upload", "POST", where, body=body)
        return parse_initiated(fields, names)

    async def compute(self, tenant: Tenant, batch: PlatformBatchId) -> None:
        """Have a batch computed; costs money each time.

        Raises UnexpectedAnswerError for an answer that anybody on the way may give: then whether
        it was accepted is unknown.
        """
        where = self._of(tenant, "v3", "batches", batch, "compute")
        # §6.5: null is refused, the empty object is what works
        answer = await self._platform.send("compute", "POST", where, body={"app_args": {}})
        if answer.status_code not in GUESS_COMPUTE_ACCEPTED:
            raise UnexpectedAnswerError("compute", "status")

    async def batch_results(self, tenant: Tenant, batch: PlatformBatchId) -> BatchResults:
        """Whatever a batch's applications have said so far (v3)."""
        where = self._of(tenant, "v3", "batches", batch, "results")
        response = await self._platform.send("results", "GET", where)
        return parse_batch_results("results", response.content)

    # ---- inline route (v1)

    async def create_batch(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        *,
        created_at: datetime,
    ) -> PlatformBatchId:
        """Open an empty batch with the visit's moment of capture."""
        where = self._of_subject(tenant, dataset, subject, "batches")
        body = {"creation_time": iso_moment(created_at)}
        return parse_batch(await self._platform.fields("create batch", "POST", where, body=body)).id

    async def post_image(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        batch: PlatformBatchId,
        *,
        data: bytes,
        name: str,
        side: Side,
        light: str,
        image_type: ImageType | None = None,
        on_progress: OnProgress | None = None,
    ) -> PlatformImageId:
        """Send a picture as base64; the platform computes it by itself. Not idempotent.

        ``image_type`` decides which dictionary entries ``side`` and ``light`` are looked up in.
        """
        types = await self.image_types()
        head: dict[str, Any] = {"name": name, "light_id": light_id(types, image_type, light)}
        if (number := side_id(types, image_type, side)) is not None:
            head["side_id"] = number
        picture = InlineBody(
            msgspec.json.encode(head), "b64data", data, on_progress, self._network.throttle
        )
        where = self._of_subject(tenant, dataset, subject, "batches", batch, "images")
        fields = await self._platform.fields("send picture", "POST", where, picture=picture)
        return parse_image(fields).id

    async def batches(
        self, tenant: Tenant, dataset: PlatformDatasetId, subject: PlatformSubjectId
    ) -> tuple[PlatformBatch, ...]:
        """All batches of a subject, whoever made them."""
        where = self._of_subject(tenant, dataset, subject, "batches")
        return await self._all("batches", where, parse_batch)

    async def batch_images(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        batch: PlatformBatchId,
    ) -> tuple[PlatformImage, ...]:
        """All pictures of a batch, with the names they were sent under."""
        where = self._of_subject(tenant, dataset, subject, "batches", batch, "images")
        return await self._all("pictures", where, parse_image)

    async def image_results(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        batch: PlatformBatchId,
        image: PlatformImageId,
        *,
        side: Side = Side.FRONT,
    ) -> BatchResults:
        """What the algorithms have said of one picture so far (v1); ``side`` is the picture's."""
        where = self._of_subject(
            tenant, dataset, subject, "batches", batch, "images", image, "results"
        )
        rows = await self._platform.items("results", where)
        return parse_rows("results", rows, side)

    async def aux_pictures(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        batch: PlatformBatchId,
        image: PlatformImageId,
    ) -> tuple[RemotePicture, ...]:
        """Pictures that the platform made of one picture; those without an address are left out."""
        where = self._of_subject(tenant, dataset, subject, "batches", batch, "images", image, "aux")
        found = await self._all("aux pictures", where, parse_aux_picture)
        return tuple(picture for picture in found if picture is not None)

    async def delete_batch(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        batch: PlatformBatchId,
    ) -> None:
        """Delete a batch and its pictures; one that is not there any more is deleted already."""
        where = self._of_subject(tenant, dataset, subject, "batches", batch)
        try:
            await self._platform.send("delete batch", "DELETE", where)
        except RefusedError as error:
            if error.status != 404:
                raise

    # ---- helpers of all calls

    def _of(self, tenant: Tenant, version: str, *parts: str) -> str:
        """A path of ``tenant``'s; raises OtherAccountError unless that is who is signed in.

        Here, at the last moment, because somebody else may sign in while a step of the work waits.
        """
        account = self._keeper.account
        if account is not None and account.tenant != tenant:
            raise OtherAccountError
        return path(version, "companies", tenant.company_id, *parts)

    def _of_subject(
        self,
        tenant: Tenant,
        dataset: PlatformDatasetId,
        subject: PlatformSubjectId,
        *parts: str,
    ) -> str:
        return self._of(tenant, "v1", "datasets", dataset, "subjects", subject, *parts)

    async def _all(
        self,
        call: str,
        where: str,
        parse: Callable[[Fields], T],
        query: Mapping[str, str] | None = None,
    ) -> tuple[T, ...]:
        # the dictionaries need no sign-in, but take one (§3)
        is_public = self._keeper.tokens is None and where.startswith(_DICTIONARIES)
        items = await self._platform.items(call, where, query, is_public=is_public)
        return tuple(parse(Fields.of(call, msgspec.json.decode(item), call)) for item in items)

    async def _known_sexes(self) -> tuple[Entry, ...]:
        if self._sexes is None:
            found: tuple[Entry, ...] = ()
            for word in GUESS_SEX_PATHS:
                try:
                    where = path("v1", "dicts", word)
                    found = await self._all("biological sexes", where, parse_entry)
                    break
                except RefusedError:
                    continue
            # not before an answer: without a network it is asked for again
            self._sexes = found
        return self._sexes

    async def _sex_id(self, tech_name: str | None) -> str | None:
        if tech_name is None:
            return None
        known = {sex.tech_name: sex.id for sex in await self._known_sexes()}
        return known.get(tech_name, tech_name)


def _named(subjects: Iterable[PlatformSubject], name: str) -> tuple[PlatformSubject, ...]:
    wanted = normalise_code(name)
    return tuple(subject for subject in subjects if normalise_code(subject.name) == wanted)
