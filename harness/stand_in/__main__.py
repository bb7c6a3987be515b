"""Makes the images before the tests, where pytest would hide for minutes what it waits for."""

from harness.buildah import STORAGE, Buildah
from harness.stand_in import StandIns

stand_ins = StandIns(Buildah(STORAGE))
stand_ins.rust()
stand_ins.open_webui()
