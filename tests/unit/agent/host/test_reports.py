import msgspec

from tulle.agent.host.reports import Carries, HostReport


def test_what_is_not_known_is_not_in_the_way():
    workload = Carries(name="shop/web-1", account="shop/web", uid=0, phase="serving")
    report = HostReport(version="1", pid=1, uid=0, socket="/s", since=1.0, workloads=(workload,))

    assert msgspec.json.encode(report.workloads) == (
        b'[{"name":"shop/web-1","account":"shop/web","uid":0,"phase":"serving"}]'
    )
