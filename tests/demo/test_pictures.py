"""The drawings of the demo products are served."""

from xml.etree import ElementTree

import httpx
import pytest

from baas.demo.pictures import COLOURS, MOTIFS, picture


@pytest.mark.parametrize("motif", MOTIFS)
def test_every_motif_is_a_drawing(motif: str) -> None:
    """Well-formed, in the colour that was asked for."""
    for colour, code in COLOURS.items():
        drawing = picture(f"{motif}-{colour}")
        assert drawing is not None
        assert code in drawing
        ElementTree.fromstring(drawing)


async def test_they_are_served_to_everyone(http: httpx.AsyncClient) -> None:
    """Without a key, as an image that can do nothing else; what is not there is a 404."""
    answer = await http.get("/demo/images/mate-terracota.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name in ("mate-terracota", "mate-nowhere.svg", "..%2fcatalog.csv"):
        assert (await http.get(f"/demo/images/{name}")).status_code == 404
