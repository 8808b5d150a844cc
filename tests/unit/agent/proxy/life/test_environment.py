from tulle.agent.proxy.life.environment import environment


def test_no_secret_of_ours_reaches_envoy(monkeypatch):
    monkeypatch.setenv("TULLE_TOKEN", "secret")
    monkeypatch.setenv("HTTP_PROXY", "http://elsewhere")

    assert environment().keys() <= {"PATH", "HOME", "TMPDIR"}
