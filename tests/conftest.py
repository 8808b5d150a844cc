"""How properties run: the same examples every time, so that a red run is somebody's doing.

`HYPOTHESIS=explore make test` looks for new ones.
"""

import os

from hypothesis import HealthCheck, Phase, settings

_SLOW = [HealthCheck.too_slow]

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("explore", deadline=None, suppress_health_check=_SLOW, print_blob=True)
# Shrinking a whole mesh takes longer than a test may: a large example now is better than a small one never.
settings.register_profile(
    "ci", settings.get_profile("steady"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS", "ci" if "CI" in os.environ else "steady"))
