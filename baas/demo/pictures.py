"""Drawings for the demo products: a motif in a colour, as an SVG of about a kilobyte."""

from typing import Final

COLOURS: Final = {
    "acero": "#9aa5ad",
    "algarrobo": "#a86b3c",
    "alpaca": "#b9b7ae",
    "bordo": "#7d2335",
    "carbon": "#34363b",
    "cielo": "#7fb2d6",
    "crema": "#e3d3b4",
    "durazno": "#eba67c",
    "indigo": "#34508c",
    "lima": "#a3b84b",
    "musgo": "#5e7345",
    "nogal": "#5c3a26",
    "oro": "#c79a3b",
    "suela": "#b5743c",
    "terracota": "#c4603c",
}

_INK: Final = "#2b2622"
_LIGHT: Final = 'fill="#fff" opacity=".28"'
_DARK: Final = 'fill="#000" opacity=".16"'
_LINE: Final = f'fill="none" stroke="{_INK}" stroke-width="7" stroke-linecap="round"'

MOTIFS: Final = {
    "mate": (
        f'<path d="M222 118 262 40h26" {_LINE}/><path d="M128 150c-34 70-18 160 72 160s106-90 72-160z" fill="$"/>'
        f'<path d="M150 176c-20 50-14 92 16 112-10-40-8-76 4-112z" {_LIGHT}/>'
        '<rect x="118" y="122" width="164" height="34" rx="12" fill="#c9c5b9"/>'
        '<ellipse cx="200" cy="126" rx="70" ry="11" fill="#6d7f3c"/>'
    ),
    "bombilla": (
        '<path d="M262 60 208 262" fill="none" stroke="$" stroke-width="15" stroke-linecap="round"/>'
        '<path d="M262 62c6-22 24-24 42-18" fill="none" stroke="$" stroke-width="15" stroke-linecap="round"/>'
        '<ellipse cx="197" cy="296" rx="25" ry="42" transform="rotate(15 197 296)" fill="$"/>'
        f'<g {_DARK}><circle cx="192" cy="282" r="5"/><circle cx="206" cy="296" r="5"/>'
        '<circle cx="190" cy="304" r="5"/><circle cx="202" cy="316" r="5"/></g>'
    ),
    "bolsa": (
        '<path d="M122 104h156l14 214q-92 20-184 0z" fill="$"/>'
        f'<path d="M122 104h156l3 40H119z" {_DARK}/><rect x="146" y="182" width="108" height="88" rx="8" {_LIGHT}/>'
        f'<path d="M200 254c-34-16-30-44 0-60 30 16 34 44 0 60zm0-56v60" {_LINE}/>'
    ),
    "hierbas": (
        f'<g {_LINE}><path d="M200 320V110M200 280 140 220M200 250l62-58M200 200l-52-48M200 170l44-46"/></g>'
        '<g fill="$"><ellipse cx="132" cy="212" rx="30" ry="15" transform="rotate(45 132 212)"/>'
        '<ellipse cx="270" cy="184" rx="30" ry="15" transform="rotate(-45 270 184)"/>'
        '<ellipse cx="140" cy="144" rx="28" ry="14" transform="rotate(45 140 144)"/>'
        '<ellipse cx="252" cy="116" rx="26" ry="13" transform="rotate(-45 252 116)"/>'
        '<ellipse cx="200" cy="92" rx="14" ry="28"/></g>'
    ),
    "termo": (
        '<rect x="150" y="112" width="100" height="214" rx="24" fill="$"/>'
        '<path d="M160 112q0-58 40-58t40 58z" fill="#c9c5b9"/><path d="M232 74h30v14h-26z" fill="#c9c5b9"/>'
        f'<rect x="164" y="136" width="18" height="164" rx="9" {_LIGHT}/>'
    ),
    "bolso": (
        f'<path d="M140 172c0-110 120-110 120 0" {_LINE}/><rect x="92" y="164" width="216" height="150" rx="22" fill="$"/>'
        f'<path d="M92 186q0-22 22-22h172q22 0 22 22v40q-108 40-216 0z" {_DARK}/>'
        '<rect x="184" y="232" width="32" height="38" rx="6" fill="#c79a3b"/>'
    ),
    "ruana": (
        '<path d="M168 82h64l92 60-34 168H110L76 142z" fill="$"/><path d="m168 82 32 66 32-66z" fill="#f6efe4"/>'
        f'<path d="M84 196h232M90 222h220M102 276h196" fill="none" stroke="{_INK}" stroke-width="9" opacity=".45"/>'
        f'<path d="M120 310v20m40-20v20m40-20v20m40-20v20m40-20v20" {_LINE}/>'
    ),
    "textil": (
        '<rect x="92" y="96" width="216" height="200" rx="8" fill="$"/>'
        f'<path d="M92 132h216M92 148h216M92 244h216M92 260h216" stroke="{_INK}" stroke-width="6" opacity=".4"/>'
        f'<path d="m116 196 28-28 28 28-28 28zm56 0 28-28 28 28-28 28zm56 0 28-28 28 28-28 28z" {_LIGHT}/>'
        f'<path d="M112 296v24m44-24v24m44-24v24m44-24v24m44-24v24" {_LINE}/>'
    ),
    "alpargata": (
        '<path d="M76 240c10-60 70-40 110-84 40-30 92-6 128 54 16 26 6 40-14 40H90q-16 0-14-10z" fill="$"/>'
        '<path d="M186 156c40-30 70-20 96 6-30 34-70 30-96-6z" fill="#f6efe4"/>'
        '<rect x="74" y="246" width="246" height="30" rx="14" fill="#cfae7a"/>'
        '<path d="M84 261h226" stroke="#8f6f3d" stroke-width="6" stroke-dasharray="10 8"/>'
    ),
    "taza": (
        '<path d="M250 176h26c50 0 50 84-6 84h-24" fill="none" stroke="$" stroke-width="20"/>'
        '<path d="M110 146h152v90c0 60-30 74-76 74s-76-14-76-74z" fill="$"/>'
        '<ellipse cx="186" cy="148" rx="76" ry="15" fill="#5c3a26"/>'
        f'<rect x="128" y="176" width="16" height="90" rx="8" {_LIGHT}/>'
        f'<path d="M160 116c-14-20 14-30 0-54m52 54c-14-20 14-30 0-54" {_LINE} opacity=".4"/>'
    ),
    "cuenco": (
        '<path d="M76 190h248c0 90-54 122-124 122S76 280 76 190z" fill="$"/>'
        '<ellipse cx="200" cy="190" rx="124" ry="28" fill="#d99a4e"/>'
        f'<path d="M60 200h24m232 0h24" {_LINE}/><path d="M104 226c6 36 26 56 48 66-14-22-22-42-24-62z" {_LIGHT}/>'
    ),
    "florero": (
        f'<path d="M200 130V60m0 30-36-34m36 44 38-40" {_LINE}/><g fill="#c4603c"><circle cx="200" cy="52" r="17"/>'
        '<circle cx="158" cy="50" r="14"/><circle cx="244" cy="54" r="15"/></g>'
        '<path d="M172 124h56c-4 50 62 76 62 128 0 50-40 70-90 70s-90-20-90-70c0-52 66-78 62-128z" fill="$"/>'
        f'<path d="M138 226c-14 34 0 62 24 76-8-26-10-50-2-84z" {_LIGHT}/>'
    ),
    "grano": (
        '<g fill="$"><ellipse cx="150" cy="160" rx="46" ry="64" transform="rotate(30 150 160)"/>'
        '<ellipse cx="258" cy="186" rx="46" ry="64" transform="rotate(-24 258 186)"/>'
        '<ellipse cx="190" cy="280" rx="46" ry="62" transform="rotate(76 190 280)"/></g>'
        '<g fill="none" stroke="#f6efe4" stroke-width="6" opacity=".7"><path d="M126 206q30-40 46-92"/>'
        '<path d="M238 132q8 56 40 108"/><path d="M136 276q54 14 110-4"/></g>'
    ),
    "cafetera": (
        '<path d="M150 196h100l26 126H124z" fill="$"/><path d="M146 188 128 84h130l-8 104z" fill="$"/>'
        f'<path d="M128 84 96 112l38 8z" {_DARK}/><rect x="140" y="184" width="120" height="16" rx="8" {_DARK}/>'
        '<path d="M256 100h46v78" fill="none" stroke="#5c3a26" stroke-width="18" stroke-linejoin="round"/>'
        '<circle cx="192" cy="72" r="13" fill="#5c3a26"/>'
    ),
    "frasco": (
        '<path d="M128 138h144q18 20 18 44v104q0 32-32 32H142q-32 0-32-32V182q0-24 18-44z" fill="$"/>'
        '<rect x="122" y="92" width="156" height="44" rx="10" fill="#c79a3b"/>'
        '<rect x="110" y="204" width="180" height="70" fill="#f6efe4"/>'
        f'<path d="M146 230h108M166 250h68" {_LINE}/>'
    ),
    "caja": (
        '<path d="m76 156 124-52 124 52v132l-124 48-124-48z" fill="$"/>'
        f'<path d="m200 204 124-48v132l-124 48z" {_DARK}/><path d="m76 156 124-52 124 52-124 48z" {_LIGHT}/>'
        f'<path d="m138 130 124 50v40" fill="none" stroke="{_INK}" stroke-width="12" opacity=".5"/>'
    ),
    "cuchillo": (
        '<path d="M196 60c44 60 40 120 26 164h-40z" fill="#c3cad0"/>'
        '<rect x="172" y="220" width="60" height="18" rx="6" fill="#c79a3b"/>'
        '<path d="M180 238h44l8 84q-30 26-60 0z" fill="$"/>'
        '<path d="M196 84c6 40 6 90 0 132" fill="none" stroke="#fff" stroke-width="6" opacity=".6"/>'
    ),
    "tabla": (
        '<path d="M178 64q22-16 44 0v52h46q24 0 24 24v156q0 24-24 24H132q-24 0-24-24V140q0-24 24-24h46z" fill="$"/>'
        '<circle cx="200" cy="86" r="10" fill="#f6efe4"/>'
        '<path d="M140 160c30 40 20 90 0 130m60-140c-10 60 20 90 4 146m54-136c-20 40-10 90 4 126" '
        'fill="none" stroke="#000" stroke-width="5" opacity=".22"/>'
    ),
    "libro": (
        '<path d="M116 76h150q18 0 18 18v230H134q-18 0-18-18z" fill="$"/>'
        f'<path d="M116 76h22v230h-22z" {_DARK}/><rect x="160" y="118" width="100" height="60" rx="4" fill="#f6efe4"/>'
        f'<path d="M176 140h68M190 158h40" {_LINE}/><path d="M134 300h150v24H134q-18-4-18-14 6-10 18-10z" fill="#f6efe4"/>'
    ),
}


def picture(name: str) -> str | None:
    """The SVG of a name such as `mate-terracota`, or None when the demo has no such drawing."""
    motif, _, colour = name.partition("-")
    drawing, fill = MOTIFS.get(motif), COLOURS.get(colour)
    if drawing is None or fill is None:
        return None
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">'
        '<rect width="400" height="400" fill="#f6efe4"/>'
        f'<circle cx="200" cy="204" r="158" fill="{fill}" opacity=".16"/>'
        '<ellipse cx="200" cy="334" rx="112" ry="12" fill="#000" opacity=".1"/>'
        f"{drawing.replace('$', fill)}</svg>"
    )
