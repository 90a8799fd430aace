"""The last fit of all clusters: to the end, with all that tells anything of them.

In white noise that is every sidelobe in the image (`fit.whole_beam`), where the dirty beam is known
so far. The search and the fits before do without those far away: what is left of one source would
be mistaken for another.
"""

from __future__ import annotations

from deepfocus.core.voxels import Changeable
from deepfocus.finders.deepfocus.clusters import Explained, Seen, refitted
from deepfocus.finders.deepfocus.explaining import Measured
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.slopes import slopes_in
from deepfocus.fit.image import Part, add_model
from deepfocus.fit.whole_beam import WholeBeam
from deepfocus.search.noise_map import NoiseMap


def last_fit(explained: Explained, sight: Sight, noise: NoiseMap) -> Explained:
    """Every cluster measured, the others' final models subtracted."""
    measured = Measured(slopes_in(sight))
    if not (sight.white and sight.response.reaches_everywhere):
        return refitted(explained, sight, noise, measured)
    whole = WholeBeam(sight.response)
    left = _left(explained, sight, noise)
    whole.see_again(left)
    return refitted(explained, sight, noise, measured, seen=Seen(left, whole))


def _left(explained: Explained, sight: Sight, noise: NoiseMap) -> Changeable:
    """By all components, drawn in full: before, what nobody sees of a change was not."""
    left = sight.workspace.copy(sight.data)
    parts = [Part(fit.values, fit.problem.profile, sign=-1.0) for fit in explained.fits]
    add_model(left, parts, sight.response, channels=noise.searched)
    return left
