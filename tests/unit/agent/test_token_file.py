from pathlib import Path

import pytest

from tulle.agent.errors import AgentError
from tulle.agent.token_file import read_token_file


def written(folder: Path, mode: int = 0o600) -> Path:
    file = folder / "token"
    file.write_text(" secret \n")
    file.chmod(mode)
    return file


def test_the_text_is_what_is_in_the_file(tmp_path):
    notices = []

    assert read_token_file(written(tmp_path), notices.append, needed=True) == "secret"
    assert notices == []


def test_who_lets_others_read_it_is_told(tmp_path):
    notices = []
    read_token_file(written(tmp_path, 0o644), notices.append, needed=True)

    assert "chmod 600" in notices[0].text


def test_a_file_that_is_gone_matters_only_where_it_is_needed(tmp_path):
    assert read_token_file(tmp_path / "none", lambda _: None, needed=False) == ""
    with pytest.raises(AgentError) as caught:
        read_token_file(tmp_path / "none", lambda _: None, needed=True)

    assert caught.value.problem.code == "token-unreadable"
