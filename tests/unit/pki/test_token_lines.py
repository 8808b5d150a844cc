"""What an agent reads of a token is what the control plane wrote, root by root."""

import pytest

from tulle.model.names import AccountRef
from tulle.model.problems import Problem
from tulle.pki.authorities import new_root
from tulle.pki.bundles import parse
from tulle.pki.token_lines import TokenLine, read_line, write_line
from tulle.pki.tokens import RANDOM_BYTES, Token, new_token, read_token

NOW = 1_800_000_000.0
ROOTS = new_root("mesh.local", NOW).root_pem + new_root("mesh.local", NOW).root_pem
TEXT, RECORD = new_token(bytes(RANDOM_BYTES), ROOTS, AccountRef("shop", "web"), {}, NOW)


def test_a_line_says_what_the_token_says():
    line, token = read_line(f" {TEXT}\n"), read_token(TEXT)

    assert isinstance(line, TokenLine)
    assert isinstance(token, Token)
    assert (line.id, line.secret) == (token.id, token.secret)
    assert parse(line.root_pem) == parse(ROOTS)
    assert read_line(write_line(line)) == line


@pytest.mark.parametrize(
    "text", ["", "x", "tulle1.", "tulle1.!", TEXT[:40], "tulle1." + "A" * 40_000]
)
def test_what_is_no_token_is_a_problem(text):
    problem = read_line(text)

    assert isinstance(problem, Problem)
    assert problem.code == "token-malformed"


@pytest.mark.parametrize("line", [TokenLine("a", b"", (b"x",)), TokenLine("a", b"x", ())])
def test_a_token_needs_a_secret_and_roots(line):
    assert isinstance(read_line(write_line(line)), Problem)


def test_a_secret_is_in_nobodys_log():
    assert "redacted" in repr(read_line(TEXT))
