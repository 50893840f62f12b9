"""What goes wrong between a client and the service, on purpose and reproducibly (design.md, decision 13).

>>> from llamabatch_nb.engine.faults import Fault, Faults
>>> Faults.random(seed=7)                        # some of everything, the same for every run with this seed
Faults(script=(), seed=7, rate=0.1)
>>> once = Fault("drop_after", "POST", "/api/v2/batches")
>>> faults = Faults(script=[once])               # exactly this, the first time that a batch is created

Both are handed to ``Engine(data, faults=...)``.
"""

from __future__ import annotations

from llamabatch_nb.engine.faults.plan import Fault, Faults, Kind
from llamabatch_nb.engine.faults.schedule import Injected

__all__ = ["Fault", "Faults", "Injected", "Kind"]
