"""Looks a store over, as a database file and its keys: is it whole, do its parts agree? Changes nothing.

Each look is a function of what it looks at; `inspect` is the table. They work on an image, so that a store in use,
one that is not, and one in a backup are looked at alike.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Literal

from tulle.model.kinds.mesh import DEFAULT_NAME, Mesh
from tulle.model.names import ResourceKey
from tulle.model.problems import Problem
from tulle.model.worlds import World
from tulle.pki.authorities import Authority, from_pem
from tulle.store import rows, schema
from tulle.store.backups.archive import Contents
from tulle.store.errors import StoreError
from tulle.store.keys import INTERMEDIATE_FILE, ROOT_FILE

DAY_S = 86400.0
_MOST_NAMED = 5

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    status: Status
    message: str
    hint: str = ""


@contextmanager
def database(image: bytes) -> Iterator[sqlite3.Connection]:
    """An image as a database in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(image)
        yield connection


def inspect(contents: Contents, now: float) -> tuple[Finding, ...]:
    """Everything there is to say of a store; keys are looked at if there are any (Unix seconds)."""
    try:
        with database(contents.image) as connection:
            schema.check(connection)
            found = [_integrity(connection)]
            if found[0].status == "fail":
                return tuple(found)
            found.extend(look(connection) for look in _LOOKS)
            world = rows.load(connection)
    except StoreError as error:
        return (Finding("file", "fail", error.message, error.hint),)
    except sqlite3.Error as error:
        return (Finding("file", "fail", f"cannot be read as a database: {error}", _RESTORE),)
    return (*found, *_keys(contents.keys, world, now))


def revision_of(image: bytes) -> int:
    """The revision of a store in an image."""
    with database(image) as connection:
        return rows.meta(connection)[0]


def trust_domain_of(image: bytes) -> str:
    """The trust domain of the mesh in an image, "" where there is no mesh yet."""
    with database(image) as connection:
        row = connection.execute(
            "SELECT doc FROM obj WHERE kind = ? AND name = ?", (Mesh.KIND, DEFAULT_NAME)
        ).fetchone()
    mesh = rows.decode(Mesh.KIND, row[0]) if row else None
    return mesh.spec.trust_domain if isinstance(mesh, Mesh) else ""


def _integrity(connection: sqlite3.Connection) -> Finding:
    verdicts = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST_NAMED})")]
    if verdicts == ["ok"]:
        pages, size = (_pragma(connection, name) for name in ("page_count", "page_size"))
        version = _pragma(connection, "user_version")
        return Finding("file", "ok", f"whole: {pages * size / 1024:.0f} KB, schema {version}")
    return Finding("file", "fail", f"damaged: {'; '.join(verdicts)}", _RESTORE)


def _resources(connection: sqlite3.Connection) -> Finding:
    newest, _ = rows.meta(connection)
    wrong: list[str] = []
    kinds: Counter[str] = Counter()
    for kind, namespace, name, revision, doc in connection.execute(
        "SELECT kind, namespace, name, revision, doc FROM obj"
    ):
        key = ResourceKey(kind, namespace, name)
        kinds[kind] += 1
        resource = rows.decode(kind, doc)
        if resource.key != key:
            wrong.append(f"{key} holds {resource.key}")
        elif resource.metadata.resource_version != str(revision) or revision > newest:
            wrong.append(f"{key} is at revision {revision}, which cannot be")
    if wrong:
        return Finding("resources", "fail", _some(wrong), _RESTORE)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return Finding("resources", "ok", f"{kinds.total()} can be read ({counts or 'none'})")


def _revisions(connection: sqlite3.Connection) -> Finding:
    newest, compacted = rows.meta(connection)
    logged = [row[0] for row in connection.execute("SELECT DISTINCT revision FROM log ORDER BY 1")]
    if logged != list(range(compacted + 1, newest + 1)):
        missing = sorted({*range(compacted + 1, newest + 1)} - set(logged))
        foreign = sorted(set(logged) - {*range(compacted + 1, newest + 1)})
        what = (
            f"missing: {_some(map(str, missing))}"
            if missing
            else f"beyond: {_some(map(str, foreign))}"
        )
        return Finding("revisions", "fail", f"the log is not continuous, {what}", _RESTORE)
    return Finding("revisions", "ok", f"at {newest}; a watch can go back to {compacted}")


def _log(connection: sqlite3.Connection) -> Finding:
    """The newest word of the log on every resource it names is what is stored."""
    wrong = connection.execute(
        "SELECT log.kind, log.namespace, log.name FROM log "
        "LEFT JOIN obj USING (kind, namespace, name) "
        "WHERE log.revision = (SELECT max(revision) FROM log AS l "
        "WHERE (l.kind, l.namespace, l.name) = (log.kind, log.namespace, log.name)) "
        "AND log.doc IS NOT obj.doc"
    ).fetchall()
    if wrong:
        names = _some(str(ResourceKey(*names)) for names in wrong)
        return Finding("log", "fail", f"says something else than is stored of {names}", _RESTORE)
    return Finding("log", "ok", "agrees with what is stored")


def _tokens(connection: sqlite3.Connection) -> Finding:
    count = connection.execute("SELECT count(*) FROM tokens").fetchone()[0]
    return Finding("tokens", "ok", f"{count} join tokens wait to be used, hashed")


_LOOKS: tuple[Callable[[sqlite3.Connection], Finding], ...] = (
    _resources,
    _revisions,
    _log,
    _tokens,
)


def _keys(keys: Mapping[str, bytes], world: World, now: float) -> Iterator[Finding]:
    """Whether what signs is what the mesh trusts."""
    mesh = world.get(Mesh, "", DEFAULT_NAME)
    if not keys:
        trusted = bool(mesh and mesh.status.trust_bundle)
        message = "none here" + (", and workloads trust some" if trusted else "")
        yield Finding("keys", "warn" if trusted else "ok", message)
        return
    root = _authority(keys, ROOT_FILE)
    if isinstance(root, Finding):
        yield root
        return
    yield _trusted(root, mesh, now)
    intermediate = _authority(keys, INTERMEDIATE_FILE)
    if isinstance(intermediate, Finding):
        yield Finding(intermediate.name, "warn", intermediate.message, _RENEWED)
    elif intermediate.root != root.certificate:
        yield Finding("intermediate", "warn", "was signed by another root", _RENEWED)
    else:
        yield _lifetime("intermediate", intermediate, now)


def _authority(keys: Mapping[str, bytes], name: str) -> Authority | Finding:
    pem, short = keys.get(name), name.removesuffix(".pem")
    if pem is None:
        return Finding(short, "fail", "its key is not there", _RESTORE)
    found = from_pem(pem)
    if isinstance(found, Problem):
        return Finding(short, "fail", found.message, found.hint)
    return found


def _trusted(root: Authority, mesh: Mesh | None, now: float) -> Finding:
    if mesh is not None and mesh.spec.trust_domain != root.trust_domain:
        message = f"signs for {root.trust_domain}, but the mesh is {mesh.spec.trust_domain}"
        return Finding("root", "fail", message, _BELONGS)
    if mesh is not None and root.certificate_pem not in mesh.status.trust_bundle:
        return Finding("root", "fail", "is none of those the mesh trusts", _BELONGS)
    return _lifetime("root", root, now)


def _lifetime(name: str, authority: Authority, now: float) -> Finding:
    left_d = (authority.not_after - now) / DAY_S
    if left_d <= 0:
        return Finding(name, "fail", "its certificate has expired", "check this machine's clock")
    return Finding(name, "ok", f"key and certificate belong together, good for {left_d:.0f} days")


def _some(words: "Iterator[str] | list[str] | map[str]") -> str:
    found = list(words)
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return ", ".join(found[:_MOST_NAMED]) + more


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


_RESTORE = "restore a backup: `tulle store restore`"
_BELONGS = "put back the key that belongs to this store, or restore both from one backup"
_RENEWED = "the server signs another when it starts"
