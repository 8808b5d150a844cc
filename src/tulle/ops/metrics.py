"""The control plane's own numbers, in the text form Prometheus reads.

A family has a name, a sentence and label names; a series is a family with label values. The number of series
is bounded: what comes after is dropped, and counted. One event loop writes and renders.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

MAX_SERIES = 1000
"""Of one family; more means that somebody put names without bound into a label."""

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of a duration."""

S = TypeVar("S")


class _Family(Generic[S]):
    """Series by label values; `new` makes the state of one."""

    TYPE = ""

    def __init__(self, name: str, text: str, labels: Sequence[str], new: Callable[[], S]) -> None:
        self.name = name
        self.text = text
        self.dropped = 0
        self._labels = tuple(labels)
        self._new = new
        # Without labels there is one series, and it is there from the start: zero is an answer.
        self._series: dict[tuple[str, ...], S] = {} if labels else {(): new()}

    def render(self) -> Iterator[str]:
        """Lines of the text form."""
        yield f"# HELP {self.name} {self.text.replace(chr(92), chr(92) * 2)}"
        yield f"# TYPE {self.name} {self.TYPE}"
        for values, state in sorted(self._series.items(), key=lambda item: item[0]):
            yield from self._lines(dict(zip(self._labels, values, strict=True)), state)

    def _lines(self, labels: Mapping[str, str], state: S) -> Iterator[str]:
        raise NotImplementedError

    def _at(self, labels: Mapping[str, str]) -> S:
        if labels.keys() != set(self._labels):
            raise ValueError(f"{self.name} has the labels {self._labels}, not {tuple(labels)}")
        values = tuple(labels[name] for name in self._labels)
        if values not in self._series:
            if len(self._series) >= MAX_SERIES:
                self.dropped += 1
                return self._new()
            self._series[values] = self._new()
        return self._series[values]


class _Number:
    """A number that may be read from elsewhere when it is asked for."""

    def __init__(self) -> None:
        self.value = 0.0
        self.read: Callable[[], float] | None = None

    def now(self) -> float:
        return self.value if self.read is None else self.read()


class _Buckets:
    """How many observations fell below each bound, how many there were, and their sum."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0


class Counter(_Family[_Number]):
    """Only grows, until a restart."""

    TYPE = "counter"

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, text, labels, _Number)

    def add(self, amount: float = 1.0, **labels: str) -> None:
        """Count something that happened."""
        if amount < 0:
            raise ValueError(f"{self.name} only grows")
        self._at(labels).value += amount

    def _lines(self, labels: Mapping[str, str], state: _Number) -> Iterator[str]:
        yield _line(self.name, labels, state.now())


class Gauge(_Family[_Number]):
    """Is what it is now."""

    TYPE = "gauge"

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, text, labels, _Number)

    def set(self, value: float, **labels: str) -> None:
        """Say how it is now."""
        self._at(labels).value = value

    def follow(self, read: Callable[[], float], **labels: str) -> None:
        """Ask whenever somebody looks, instead of being told."""
        self._at(labels).read = read

    def forget(self, **labels: str) -> None:
        """What it was about is gone."""
        self._series.pop(tuple(labels[name] for name in self._labels), None)

    def _lines(self, labels: Mapping[str, str], state: _Number) -> Iterator[str]:
        yield _line(self.name, labels, state.now())


class Histogram(_Family[_Buckets]):
    """How values are spread, in buckets by upper bound."""

    TYPE = "histogram"

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str] = (),
        bounds: Sequence[float] = SECONDS,
    ) -> None:
        super().__init__(name, text, labels, lambda: _Buckets(bounds))
        self._bounds = tuple(bounds)

    def observe(self, value: float, **labels: str) -> None:
        """Count one value."""
        state = self._at(labels)
        state.counts[bisect_left(self._bounds, value)] += 1
        state.sum += value

    def _lines(self, labels: Mapping[str, str], state: _Buckets) -> Iterator[str]:
        total = 0
        for bound, count in zip((*map(_number, self._bounds), "+Inf"), state.counts, strict=True):
            total += count
            yield _line(f"{self.name}_bucket", {**labels, "le": bound}, total)
        yield _line(f"{self.name}_sum", labels, state.sum)
        yield _line(f"{self.name}_count", labels, total)


class ControlPlaneMetrics:
    """Every family there is: a reader finds here what the control plane counts. Times are in seconds."""

    def __init__(self) -> None:
        self.revision = Gauge(
            "tulle_revision", "Newest revision of the resources that proxies are configured from."
        )
        self.compile_time = Histogram(
            "tulle_compile_seconds", "Time from the resources to every proxy's configuration."
        )
        self.convergence = Histogram(
            "tulle_convergence_seconds",
            "Time from a change until every proxy it affects has accepted it.",
        )
        self.pushes = Counter(
            "tulle_pushes_total", "Configuration responses sent to proxies.", ["type"]
        )
        self.refusals = Counter(
            "tulle_refusals_total", "Configuration responses proxies refused.", ["type"]
        )
        self.connected_proxies = Gauge("tulle_connected_proxies", "Proxies connected right now.")
        self.certificates = Counter(
            "tulle_certificates_issued_total", "Certificates issued to workloads.", ["reason"]
        )
        self.expiries = Gauge(
            "tulle_certificate_expiry_timestamp_seconds",
            "Unix time at which a certificate of the control plane expires.",
            ["certificate"],
        )
        self._dropped = Counter(
            "tulle_metrics_dropped_total", "Values dropped because a family has too many series."
        )

    def render(self) -> str:
        """Everything, as Prometheus reads it."""
        families = [family for family in vars(self).values() if isinstance(family, _Family)]
        self._dropped.add(sum(family.dropped for family in families))
        for family in families:
            family.dropped = 0
        return "".join(f"{line}\n" for family in families for line in family.render())


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
