"""What a Shopify export means, row by row, and what is said about rows that mean nothing."""

import io
import tracemalloc
from pathlib import Path

import pytest

from baas.demo import open_catalog, picture
from baas.services.imports.errors import UnreadableFile
from baas.services.imports.parsed import Group, ParsedProduct
from baas.services.imports.shopify import measure, parse
from tests.services.imports.sheets import OLD, real_exports, row, sheet


def read(content: bytes, currency: str = "ARS") -> list[Group]:
    """The groups of a file."""
    return list(parse(io.BytesIO(content), currency))


def only(content: bytes, currency: str = "ARS") -> ParsedProduct:
    """The only product of a file, which must be without any problem."""
    (group,) = read(content, currency)
    assert group.problems == ()
    assert group.product is not None
    return group.product


def codes(content: bytes, currency: str = "ARS") -> list[tuple[int, str]]:
    """Row and code of every problem."""
    return [(problem.row, problem.code) for group in read(content, currency) for problem in group.problems]


def refusal(content: bytes) -> tuple[str, int]:
    """Why a file as a whole is refused, and at which row."""
    with pytest.raises(UnreadableFile) as caught:
        read(content)
    assert caught.value.code == "validation_error"
    return caught.value.reason, caught.value.row


class TestMeaning:
    """What well-formed rows become."""

    def test_a_product_without_options(self) -> None:
        """`Title` / `Default Title` is no option."""
        product = only(sheet(row("mug", "Mug", "12.50", Option1_Name="Title", Option1_Value="Default Title")))
        assert product.options == ()
        assert [(v.option_values, v.price) for v in product.variants] == [((), 1250)]

    @pytest.mark.parametrize("new", [False, True])
    def test_both_generations_of_header_names(self, new: bool) -> None:
        """Old and new names read the same."""
        product = only(
            sheet(
                row(
                    "mug",
                    "Mug",
                    "12.5",
                    Body_="",
                    Vendor="Clay",
                    Type="Cup",
                    Tags="a, b,a",
                    Published="true",
                    Option1_Name="Size",
                    Option1_Value="L",
                    Variant_SKU="M-1",
                    Variant_Barcode="'0779",
                    Variant_Grams="28.35",
                    Variant_Inventory_Tracker="shopify",
                    Variant_Inventory_Qty="7",
                    Variant_Inventory_Policy="TRUE" if new else "continue",
                    Variant_Compare_At_Price="20",
                    Variant_Requires_Shipping="false",
                    Variant_Taxable="FALSE",
                    Image_Src="https://x.example/1.jpg",
                    Image_Alt_Text="One",
                    Variant_Image="https://x.example/2.jpg",
                    SEO_Title="t",
                    SEO_Description="d",
                    Product_Category="Home > Cups",
                    Status="draft",
                ),
                new=new,
            )
        )
        (variant,) = product.variants
        assert (product.vendor, product.product_type, product.tags) == ("Clay", "Cup", ("a", "b"))
        assert (product.status, product.category) == ("draft", ("Home", "Cups"))
        assert (product.seo_title, product.seo_description) == ("t", "d")
        assert (variant.sku, variant.barcode, variant.weight_grams) == ("M-1", "0779", 28)
        assert (variant.tracked, variant.on_hand, variant.continue_selling) == (True, 7, True)
        assert (variant.price, variant.compare_at_price) == (1250, 2000)
        assert (variant.requires_shipping, variant.taxable) == (False, False)
        # The variant's picture joins the gallery, as it does in Shopify.
        assert [image.url for image in product.images] == [
            "https://x.example/1.jpg",
            "https://x.example/2.jpg",
        ]
        assert variant.image_url == "https://x.example/2.jpg"

    def test_three_options_named_on_the_first_row_only(self) -> None:
        """Later rows give values alone."""
        first = row("t", "Tee", "1", Option1_Name="Size", Option1_Value="S", Option2_Name="Colour",
                    Option2_Value="Red", Option3_Name="Cut", Option3_Value="A")  # fmt: skip
        second = row("t", "", "2", Option1_Value="M", Option2_Value="Blue", Option3_Value="B")
        product = only(sheet(first, second))
        assert product.options == ("Size", "Colour", "Cut")
        assert [v.option_values for v in product.variants] == [("S", "Red", "A"), ("M", "Blue", "B")]

    def test_image_rows_fill_the_gallery_by_position(self) -> None:
        """Rows with an image alone are no variants; those without a position come last."""
        product = only(
            sheet(
                row("m", "Mug", "1", Image_Src="https://x.example/b.jpg", Image_Position="2"),
                row("m", Image_Src="https://x.example/c.jpg"),
                row("m", Image_Src="https://x.example/a.jpg", Image_Position="1", Image_Alt_Text="front"),
            )
        )
        assert len(product.variants) == 1
        assert [image.url[-5:] for image in product.images] == ["a.jpg", "b.jpg", "c.jpg"]
        assert product.images[0].alt == "front"

    def test_a_blank_tracker_means_not_tracked_whatever_the_quantity(self) -> None:
        """The quantity of an untracked variant says nothing."""
        (variant,) = only(sheet(row("m", "Mug", "1", Variant_Inventory_Qty="5"))).variants
        assert (variant.tracked, variant.on_hand) == (False, 0)

    @pytest.mark.parametrize(
        "published, status, expected",
        [
            ("true", "", "active"), ("false", "", "draft"), ("", "", "active"), ("true", "active", "active"),
            ("false", "active", "draft"), ("true", "draft", "draft"), ("TRUE", "Archived", "archived"),
        ],
    )  # fmt: skip
    def test_published_and_status(self, published: str, status: str, expected: str) -> None:
        """Active is what is active and published."""
        assert only(sheet(row("m", "Mug", "1", Published=published, Status=status))).status == expected

    def test_prices_have_the_currencys_decimals(self) -> None:
        """Zeros behind the currency's decimals are padding; other digits are a mistake."""
        assert only(sheet(row("m", "Mug", "5990.00")), "CLP").variants[0].price == 5990
        assert codes(sheet(row("m", "Mug", "59.90")), "CLP") == [(2, "invalid_price")]
        assert only(sheet(row("m", "Mug", "1.234")), "KWD").variants[0].price == 1234

    def test_a_missing_column_says_nothing_about_its_field(self) -> None:
        """So an update leaves that field as it is."""
        product = only(sheet(row("m", "Mug", "1"), header=["Handle", "Title", "Variant Price"]))
        assert not isinstance(product.vendor, str)
        assert not isinstance(product.tags, tuple)

    def test_a_handle_is_made_of_the_title_when_it_is_blank(self) -> None:
        """Two such rows are two products."""
        groups = read(sheet(row("", "Taza Ñandú", "1"), row("", "Otra", "2")))
        assert [group.handle for group in groups] == ["taza-nandu", "otra"]

    def test_line_and_paragraph_separators_stay_in_the_body(self) -> None:
        """U+2028 ends no row, and neither do line breaks in quotes."""
        body = '<p>one\u2028two\r\nthree \u0085 "four"</p>'
        first = row("m", "Mug", "1") | {"Body (HTML)": body}
        groups = read(sheet(first, row("n", "Next", "2")))
        assert groups[0].product is not None
        assert groups[0].product.description == body
        assert (groups[1].handle, groups[1].row) == ("n", 3)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_every_line_ending_with_and_without_byte_order_mark(self, end: str) -> None:
        """Files come from every kind of machine."""
        content = sheet(row("m", "Mug", "1"), row("n", "Next", "2"), end=end)
        assert [group.handle for group in read(b"\xef\xbb\xbf" + content)] == ["m", "n"]

    def test_empty_rows_and_columns_cut_by_a_spreadsheet_are_filled(self) -> None:
        """A spreadsheet leaves out what is empty at the end."""
        content = b"Title,Handle,Variant Price,Vendor\nMug,m,1\n,,,\n\nNext,n,2,V\n"
        assert [group.handle for group in read(content)] == ["m", "n"]


class TestProblems:
    """Every mistake is told with its row; only notes let the product through."""

    @pytest.mark.parametrize(
        "cells, code",
        [
            ({"Variant_Grams": "-5"}, "invalid_weight"),
            ({"Variant_Grams": "NaN"}, "invalid_weight"),
            ({"Variant_Inventory_Tracker": "shopify", "Variant_Inventory_Qty": "many"}, "invalid_quantity"),
            ({"Variant_Inventory_Policy": "maybe"}, "invalid_value"),
            ({"Variant_Taxable": "perhaps"}, "invalid_value"),
            ({"Status": "gone"}, "invalid_value"),
            ({"Variant_Compare_At_Price": "12,50"}, "invalid_price"),
            ({"Option1_Value": "Red"}, "missing_option_name"),
            ({"Option1_Name": "Colour"}, "missing_option_value"),
            ({"Option1_Name": "Size", "Option1_Value": "S", "Option2_Name": "size", "Option2_Value": "M"},
             "duplicate_option"),
        ],
    )  # fmt: skip
    def test_a_wrong_cell_fails_its_product_alone(self, cells: dict[str, str], code: str) -> None:
        """The next product is not touched."""
        groups = read(sheet(row("m", "Mug", "1", **cells), row("n", "Next", "2")))
        assert [(problem.row, problem.handle, problem.code) for problem in groups[0].problems] == [
            (2, "m", code)
        ]
        assert groups[0].product is None
        assert groups[1].product is not None

    @pytest.mark.parametrize("price", ["", "-1", "1,50", "1.234.00", "free", "1e3", "٣", "99999999999999999"])
    def test_what_is_no_price(self, price: str) -> None:
        """No sign, no comma, no exponent, no other digits, no beyond."""
        expected = "invalid_price" if price else "missing_price"
        assert codes(sheet(row("m", "Mug", price))) == [(2, expected)]

    def test_missing_title_and_handle(self) -> None:
        """Both are told apart."""
        assert codes(sheet(row("m", "", "1"), row("", "", "1"))) == [
            (2, "missing_title"),
            (3, "missing_handle"),
        ]

    def test_the_same_variant_twice(self) -> None:
        """The second one is told, with the row of the first."""
        first = row("t", "Tee", "1", Option1_Name="Size", Option1_Value="S")
        assert codes(sheet(first, row("t", "", "2", Option1_Value="s"))) == [(3, "duplicate_variant")]

    def test_notes_let_the_product_through(self) -> None:
        """A duplicate image or SKU, stock below zero, a gift card: told, and imported as far as it goes."""
        first = row("t", "Tee", "1", Option1_Name="Size", Option1_Value="S", Variant_SKU="A",
                    Variant_Inventory_Tracker="shopify", Variant_Inventory_Qty="-3", Gift_Card="true",
                    Image_Src="https://x.example/1.jpg")  # fmt: skip
        second = row("t", "", "2", Option1_Name="Sizes", Option1_Value="M", Variant_SKU="A",
                     Image_Src="https://x.example/1.jpg", Variant_Image="javascript:alert(1)")  # fmt: skip
        (group,) = read(sheet(first, second))
        assert {problem.code for problem in group.problems} == {
            "gift_card", "negative_quantity", "duplicate_sku", "duplicate_image", "invalid_image_url",
            "option_name_changed",
        }  # fmt: skip
        assert group.product is not None
        assert group.product.status == "draft"
        assert [variant.sku for variant in group.product.variants] == ["A", ""]
        assert group.product.variants[0].on_hand == 0
        assert len(group.product.images) == 1

    def test_more_cells_than_the_header_has(self) -> None:
        """A comma too many has moved every cell behind it."""
        content = b"Handle,Title,Variant Price\nm,Mug,1,50\nn,Next,2\n"
        groups = read(content)
        assert [problem.code for problem in groups[0].problems] == ["too_many_columns"]
        assert groups[1].problems == ()

    def test_a_handle_that_returns_is_a_group_of_its_own(self) -> None:
        """Who stores the groups decides what that means."""
        groups = read(sheet(row("m", "Mug", "1"), row("n", "Next", "2"), row("m", "Mug", "3")))
        assert [(group.handle, group.row) for group in groups] == [("m", 2), ("n", 3), ("m", 4)]


class TestUnreadable:
    """A file that is broken as a whole is refused with the row."""

    def test_latin_1(self) -> None:
        """The first byte that is not UTF-8 names its row."""
        content = sheet(row("m", "Mug", "1"), row("n", "Jarrón", "2")).decode().encode("latin-1")
        assert refusal(content) == ("invalid_encoding", 3)

    def test_utf_16(self) -> None:
        """A spreadsheet's Unicode text."""
        assert refusal(sheet(row("m", "Mug", "1")).decode().encode("utf-16"))[0] == "invalid_encoding"

    def test_cut_inside_a_quoted_cell(self) -> None:
        """The row that was begun is named, not the end of the file."""
        content = sheet(row("m", "Mug", "1"), row("n", 'A "big" one', "2"))
        assert refusal(content[: content.index(b"big")]) == ("truncated_file", 3)

    def test_cut_inside_a_row_and_inside_a_character(self) -> None:
        """Both are the end of a file that does not end."""
        content = sheet(row("m", "Mug", "1"), row("n", "Jarrón", "2"))
        assert refusal(content[: content.index("ón".encode()) + 1]) == ("truncated_file", 3)
        assert refusal(content[: content.index(b"Jarr") + 2]) == ("truncated_file", 3)

    def test_cut_inside_the_header(self) -> None:
        """Behind the columns that are needed it would look like a file without products."""
        header = sheet()
        assert refusal(header[: header.index(b"Image Src")]) == ("truncated_file", 1)
        assert read(header) == []

    def test_wherever_it_is_cut_no_product_changes(self) -> None:
        """Refused, or told of the product, or there was nothing behind the cut that says anything."""
        content = sheet(*(row(name, name, "12.50", Tags="a, b", Status="active") for name in "mno"))
        whole = read(content)
        refused = 0
        for end in range(1, len(content)):
            try:
                found = read(content[:end])
            except UnreadableFile:
                refused += 1
                continue
            for cut, right in zip(found, whole, strict=False):
                assert cut == right or (cut is found[-1] and cut.product is None), content[:end]
        assert refused > len(content) * 0.9

    def test_nul_bytes(self) -> None:
        """No text holds them."""
        assert refusal(sheet(row("m", "Mu\0g", "1"))) == ("nul_byte", 2)

    def test_headers(self) -> None:
        """Without title or price, twice the same, another separator, nothing at all."""
        assert refusal(b"Name,Cost\nMug,1\n") == ("missing_header", 1)
        assert refusal(b"Handle,URL handle,Title,Price\n") == ("duplicate_header", 1)
        assert refusal(b"Handle;Title;Variant Price\n") == ("wrong_delimiter", 1)
        assert refusal(b"") == ("empty_file", 1)

    def test_a_row_without_end(self) -> None:
        """An open quote swallows the file only up to a limit."""
        content = sheet(row("m", "Mug", "1")) + b'n,"' + b"x" * 200_000
        assert refusal(content)[0] == "row_too_large"
        assert refusal(sheet(row("m", "Mug", "1")) + b"x" * 2_000_000) == ("row_too_large", 3)


class TestFiles:
    """Whole files."""

    def test_real_exports_import_whole(self) -> None:
        """Twenty products each, without one problem."""
        for path in real_exports():
            groups = read(path.read_bytes())
            assert len(groups) == 20, path.name
            assert all(group.product is not None for group in groups), path.name

    def test_the_demo_catalogue_imports_whole(self) -> None:
        """No problem, every picture drawn, and the quirks that it is there to show."""
        with open_catalog() as stream:
            groups = list(parse(stream, "ARS"))
        assert len(groups) == 25
        assert not [problem for group in groups for problem in group.problems]
        products = [group.product for group in groups if group.product is not None]
        assert len(products) == 25
        for product in products:
            for image in product.images:
                assert picture(image.url.removeprefix("/demo/images/").removesuffix(".svg")), image.url
        assert any(len(product.options) == 3 for product in products)
        assert any("\u2028" in str(product.description) for product in products)
        assert picture("mate-nowhere") is None
        assert picture("nothing") is None

    def test_memory_does_not_grow_with_the_file(self, tmp_path: Path) -> None:
        """Ten times the rows, the same peak."""
        peaks = []
        for count in (500, 5000):
            path = tmp_path / f"{count}.csv"
            lines = b"".join(b"h%d,Thing %d,10.00,%s\n" % (n, n, b"x" * 200) for n in range(count))
            path.write_bytes(b"Handle,Title,Variant Price,Body (HTML)\n" + lines)
            with path.open("rb") as stream:
                assert measure(stream).products == count
                stream.seek(0)
                tracemalloc.start()
                assert sum(1 for _ in parse(stream, "ARS")) == count
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
        assert peaks[1] < peaks[0] * 1.5 + 20_000

    def test_columns_in_any_order(self) -> None:
        """Nothing relies on where a column stands."""
        content = sheet(row("m", "Mug", "1", Vendor="V"), header=list(reversed(OLD)))
        assert only(content).vendor == "V"
