"""What was written, written down: so that uninstalling takes away exactly this, and leaves what others made of it."""

from pathlib import Path

import msgspec

from tulle.cli.errors import CliError
from tulle.cli.install.plan import MANIFEST


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Paths as the machine sees them. `folders` are those that were not there before, outermost first."""

    tulle: str = ""
    files: dict[str, str] = {}
    """By path, the digest of what was written there."""
    links: dict[str, str] = {}
    """By path, where it points."""
    folders: tuple[str, ...] = ()

    def with_earlier(self, earlier: "Manifest") -> "Manifest":
        """All that two installs wrote: the later one's word counts."""
        return Manifest(
            tulle=self.tulle,
            files={**earlier.files, **self.files},
            links={**earlier.links, **self.links},
            folders=tuple(dict.fromkeys((*earlier.folders, *self.folders))),
        )


def read(root: Path) -> Manifest | None:
    """The manifest of a machine, None where nothing is installed. Raises CliError."""
    path = place(root)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as exc:
        raise CliError(
            f"{path} cannot be read: {exc}",
            "it says what `tulle install host` wrote; without it, take that away by hand",
            "manifest-unreadable",
        ) from exc


def text(manifest: Manifest) -> str:
    """As it is written."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode() + "\n"


def place(root: Path) -> Path:
    """Where it is on a machine whose root is there."""
    return root / MANIFEST.relative_to("/")
