"""HTML that a merchant wrote and a stranger's browser will show: only what a description needs."""

import html
import re
from typing import Final

import nh3

_TAGS: Final = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "div", "dl", "dt", "em"),
    *(
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
    ),
    *("ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot"),
    *("th", "thead", "tr", "u", "ul"),
}
# No `class`, `id` and `style`: they would reach into the page that shows the description.
_ATTRIBUTES: Final = {
    "*": {"dir", "lang", "title"},
    "a": {"href"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_URL_SCHEMES: Final = {"http", "https", "mailto", "tel"}

# Of these even the content goes; of other unknown tags the text stays.
_WITH_CONTENT: Final = {
    "script",
    "style",
    "title",
    "noscript",
    "template",
    "textarea",
    "select",
    "svg",
    "math",
}

# Tags that separate words: between "<p>a</p><p>b</p>" a reader sees a gap.
_SEPARATING: Final = _TAGS - {
    *("a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "span"),
    *("strong", "sub", "sup", "u"),
}
_ANY_TAG: Final = re.compile(r"<[^>]*>")

_CLEANER: Final = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    url_schemes=_URL_SCHEMES,
    # Shown on other people's sites: no way back into their window, no vote for the target.
    link_rel="noopener noreferrer nofollow",
    strip_comments=True,
)
_OUTLINER: Final = nh3.Cleaner(
    tags=_SEPARATING,
    clean_content_tags=_WITH_CONTENT,
    attributes={},
    link_rel=None,
    strip_comments=True,
)


def sanitise(markup: str) -> str:
    """The same HTML with only the tags, attributes and addresses that a product description needs.

    Parsed as a browser would and written anew, so unclosed and misnested tags come out well-formed;
    links get `rel="noopener noreferrer nofollow"`. Sanitising twice changes nothing.
    """
    return _CLEANER.clean(markup)


def plain_text(markup: str) -> str:
    """What a person would read of it, in one line: for search, previews and descriptions in search engines."""
    # First without attributes: then no sign inside one can be taken for the end of a tag.
    outline = _OUTLINER.clean(markup)
    return " ".join(html.unescape(_ANY_TAG.sub(" ", outline)).split())
