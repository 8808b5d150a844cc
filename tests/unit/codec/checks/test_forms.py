"""Text forms: what is a name, an address, a host, a regular expression, and what is none."""

import pytest

from tulle.codec.checks import forms


@pytest.mark.parametrize("text", ["a", "a-b", "0", "a" * 63])
def test_a_dns_label_is_taken(text: str) -> None:
    assert forms.is_dns_label(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a.b", "a_b", "a" * 64, "a\n", "ä"])
def test_no_other_text_is_a_dns_label(text: str) -> None:
    assert not forms.is_dns_label(text)


def test_a_dns_name_is_labels_with_dots_between() -> None:
    assert forms.is_dns_name("a.b-c.0")
    assert not any(map(forms.is_dns_name, ["", ".a", "a.", "a..b", "a.-b", "a." * 126 + "ab"]))


def test_a_service_name_begins_with_a_letter_and_has_no_dots() -> None:
    assert forms.is_service_name("reviews-v1")
    assert not any(map(forms.is_service_name, ["1a", "a.b", "A", "", "a" * 64]))


def test_a_key_of_a_label_may_have_one_prefix() -> None:
    assert all(map(forms.is_qualified, ["app", "App_1.x", "kubernetes.io/name"]))
    assert not any(map(forms.is_qualified, ["", "/a", "a/", "a/b/c", "-a", "A.b/c d", "a" * 64]))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("10.0.0.1", 4),
        ("::1", 6),
        ("10.0.0.1/8", 0),
        ("fe80::1%eth0", 0),
        ("[::1]", 0),
        ("010.0.0.1", 0),
        ("a", 0),
    ],
)
def test_only_a_bare_ip_address_is_an_address(text: str, version: int) -> None:
    assert forms.version_of(text) == version
    assert forms.is_address(text) == bool(version)


def test_a_host_is_a_name_and_nothing_around_it() -> None:
    assert all(map(forms.is_host, ["example.com", "a", "A_b.example.", "1.example.com"]))
    wrong = ["", "10.0.0.1", "https://a", "a:80", "*.a", "a b", "a..b", "-a.b", "a." * 127 + "b"]
    assert not any(map(forms.is_host, wrong))


def test_a_pseudo_header_is_no_header() -> None:
    assert forms.is_header("X-Request-Id")
    assert not any(map(forms.is_header, [":path", "", "a b", "a" * 257]))


@pytest.mark.parametrize(
    "pattern",
    [
        *["", "/v[0-9]+", "(?i)x", "x(?i)y", "(?P<n>a)", "(?<n>a)", "(?s:.)", "a{2,1000}", "[]a]"],
        *[r"\pL+", "[[:alpha:]]+", r"\Qa)\E", r"\z", r"\(?=", "[(?=]", r"\\1", "[a&&b]", "a*?"],
    ],
)
def test_what_re2_takes_is_taken_even_where_python_does_not(pattern: str) -> None:
    assert forms.regex_fault(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "looks ahead"),
        ("(?<!a)b", "looks ahead or behind"),
        (r"(a)\1", "refers back"),
        ("(?P<n>a)(?P=n)", "refers back"),
        ("a++", "possessive"),
        ("(?>a)", "possessive"),
        ("a{1001}", "1000 times"),
        ("a{2,1001}", "1000 times"),
        ("a**", "multiple repeat"),
        ("*a", "nothing to repeat"),
        ("[a", "unterminated character set"),
        ("(a", "missing )"),
        ("a)", "unbalanced"),
        ("[z-a]", "bad character range"),
        ("(" * 5000 + ")" * 5000, "too large"),
    ],
)
def test_what_re2_refuses_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    assert reason in forms.regex_fault(pattern)
