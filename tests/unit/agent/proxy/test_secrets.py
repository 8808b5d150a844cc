import subprocess
import sys

from tulle.agent.proxy.secrets import identity_secret
from tulle.xds import secrets
from tulle.xds.resources import unframed
from tulle.xds.snapshots import XdsResource

KEY, CHAIN = b"-----BEGIN PRIVATE KEY-----\n" + b"k" * 200, b"-----BEGIN CERTIFICATE-----\n"


def test_it_is_the_secret_protobuf_would_make():
    ours, theirs = identity_secret(KEY, CHAIN), secrets.identity_secret(KEY, CHAIN)

    assert unframed(ours) == unframed(theirs)
    assert ours.version == theirs.version


def test_it_does_not_show_the_key():
    secret = identity_secret(KEY, CHAIN)

    assert isinstance(secret, XdsResource)
    assert "PRIVATE" not in repr(secret)


def test_an_agent_loads_no_protobuf():
    code = "import sys, tulle.agent.agent; print([m for m in sys.modules if 'protobuf' in m])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "[]\n"
