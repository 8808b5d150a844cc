"""The mesh's certificate authority: its files, its life, and its roots as everybody's trust bundle.

The root and the intermediate lie in the data directory's `pki` folder, written by `store.keys`. The root is
used to sign intermediates and for nothing else; its certificate is published as `Mesh.status.trustBundle`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import msgspec

from tulle.model.kinds.core import Namespace
from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh, MeshSpec
from tulle.model.problems import Problem
from tulle.model.resources import Metadata
from tulle.pki import bundles
from tulle.pki.authorities import Authority, from_pem, new_intermediate, new_root
from tulle.pki.bundles import Bundle
from tulle.store.contract import ABSENT, Put, Store
from tulle.store.errors import StoreError
from tulle.store.keys import INTERMEDIATE_FILE, ROOT_FILE, KeyFiles

log = logging.getLogger(__name__)

CHECK_EVERY_S = 3600.0
"""How often the intermediate's age is looked at: it is renewed months before it ends."""


class AuthorityError(Exception):
    """The mesh's authority cannot be used; the problem says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class MeshAuthority:
    """The authority that signs now. `clock` gives Unix seconds. Made by `open_authority`."""

    def __init__(
        self, files: KeyFiles, root: Authority, roots: Bundle, clock: Callable[[], float]
    ) -> None:
        self._files = files
        self._root = root
        self._roots = roots
        self._clock = clock
        self._current = self._load() or self._renew()
        self.renew_if_due()

    @property
    def current(self) -> Authority:
        """The intermediate to sign with; ask each time, it is replaced when it ages."""
        return self._current

    @property
    def root(self) -> Authority:
        """What signs the intermediates."""
        return self._root

    @property
    def roots(self) -> Bundle:
        """Whom the mesh trusts: what we sign now, and what earlier roots have signed."""
        return self._roots

    @property
    def trust_domain(self) -> str:
        """The only one it signs for."""
        return self._root.trust_domain

    def renew_if_due(self) -> bool:
        """Replace the intermediate when the last third of its life has begun, or it is not this root's."""
        foreign = self._current.root != self._root.certificate
        if not foreign and not self._current.needs_renewal(self._clock()):
            return False
        self._current = self._renew()
        log.info("the intermediate certificate was renewed")
        return True

    async def run(self) -> None:
        """Keep it young. A disk that cannot be written is tried again: there are months for it."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                self.renew_if_due()
            except StoreError as error:
                log.warning("the intermediate cannot be renewed", extra={"error": str(error)})

    def _load(self) -> Authority | None:
        """The intermediate of an earlier run; a damaged one is no loss, the root signs another."""
        try:
            return _read(self._files, INTERMEDIATE_FILE)
        except AuthorityError as error:
            log.warning("the intermediate is made anew", extra={"error": str(error)})
            return None

    def _renew(self) -> Authority:
        fresh = new_intermediate(self._root, self._clock())
        self._files.write(INTERMEDIATE_FILE, fresh.to_pem())
        return fresh


async def open_authority(
    files: KeyFiles, store: Store, trust_domain: str, clock: Callable[[], float]
) -> MeshAuthority:
    """The authority of the mesh in a store, made when the mesh is new; its roots are in the bundle then.

    `trust_domain` is what a new mesh gets; "" leaves it to the Mesh resource. Raises AuthorityError if the mesh
    has an authority whose key is gone, or of another trust domain than its own or the one asked for.
    """
    mesh = await _mesh(store, trust_domain)
    root = _read(files, ROOT_FILE)
    if root is None:
        if mesh.status.trust_bundle:
            raise AuthorityError(_lost(files))
        root = new_root(mesh.spec.trust_domain, clock())
        files.write(ROOT_FILE, root.to_pem())
    if root.trust_domain != mesh.spec.trust_domain:
        raise AuthorityError(_other_domain(root, mesh))
    if trust_domain not in {"", root.trust_domain}:
        raise AuthorityError(_fixed_domain(root, trust_domain))
    roots = _trusted(mesh, root)
    if roots.pems != mesh.status.trust_bundle:
        status = msgspec.structs.replace(mesh.status, trust_bundle=roots.pems)
        published = msgspec.structs.replace(mesh, status=status)
        await store.write([Put(published, status_only=True)])
    return MeshAuthority(files, root, roots, clock)


async def _mesh(store: Store, trust_domain: str) -> Mesh:
    """The Mesh resource; a store without one gets it, and the namespace everything is in by default."""
    found = (await store.world()).get(Mesh, "", DEFAULT_NAME)
    if found is not None:
        return found
    spec = MeshSpec(trust_domain=trust_domain) if trust_domain else MeshSpec()
    mesh = Mesh(metadata=Metadata(name=DEFAULT_NAME), spec=spec)
    namespace = Namespace(metadata=Metadata(name=DEFAULT_NAME))
    known = (await store.world()).get(Namespace, "", DEFAULT_NAME)
    puts = [Put(mesh, expect=ABSENT)] + ([] if known else [Put(namespace, expect=ABSENT)])
    await store.write(puts)
    return mesh


def _trusted(mesh: Mesh, root: Authority) -> Bundle:
    """Our root and those the mesh trusts already: taking one away is for who knows that none needs it."""
    ours = Bundle((root.certificate,))
    known = bundles.parse("".join(mesh.status.trust_bundle)) if mesh.status.trust_bundle else ours
    return bundles.merge(ours, known) if isinstance(known, Bundle) else ours


def _read(files: KeyFiles, name: str) -> Authority | None:
    pem = files.read(name)
    if pem is None:
        return None
    found = from_pem(pem)
    if isinstance(found, Problem):
        raise AuthorityError(replace(found, message=f"{files.path(name)}: {found.message}"))
    return found


def _lost(files: KeyFiles) -> Problem:
    return Problem(
        "",
        "authority-missing",
        f"workloads of this mesh trust a root whose key is not there any more: {files.path(ROOT_FILE)}",
        "restore it from a backup, or begin a new mesh with another --data-dir (every workload joins anew)",
    )


def _other_domain(root: Authority, mesh: Mesh) -> Problem:
    return Problem(
        "spec.trustDomain",
        "trust-domain-mismatch",
        f"is {mesh.spec.trust_domain}, but the authority in the data directory signs for {root.trust_domain}",
        "the trust domain of a mesh is fixed when its authority is made: restore the file that belongs to it",
        mesh.key,
    )


def _fixed_domain(root: Authority, asked: str) -> Problem:
    return Problem(
        "--trust-domain",
        "trust-domain-fixed",
        f"asks for {asked}, but the mesh in the data directory is {root.trust_domain} and stays so",
        "leave the flag out, or begin another mesh with another --data-dir",
    )
