"""The pictures of products, in the database: every web process serves them and a backup has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from models import PictureFile, ProductPicture
from portal.catalogue.product_operations import lock_product_of_vendors
from portal.catalogue.product_rules import LANGUAGES
from portal.db import Actor, query, record_event, transaction
from portal.lib.errors import PortalError
from portal.lib.pictures import Picture
from portal.lib.texts import clean_line

ALT_LENGTH = 300


class AltTextTooLong(PortalError):
    """The alternative text has more than `at_most` characters."""

    code = "alt_text_long"


class PictureMissing(PortalError):
    """No file was chosen, and the product has no picture yet."""

    code = "picture_missing"


def save_picture(
    product_id: int,
    picture: Picture | None,
    alt_texts: Mapping[str, str],
    actor: Actor,
    *,
    vendor_ids: Collection[int] | None,
) -> None:
    """Give a product a picture, or its present one other alternative texts where `picture` is None.

    `alt_texts` are by language. Raises ProductNotFound, PictureMissing, AltTextTooLong or CharacterRefused.
    """
    texts = {language: _alt_text(alt_texts.get(language, ""), f"alt_{language}") for language in LANGUAGES}
    filled = {language: text for language, text in texts.items() if text}
    with transaction():
        lock_product_of_vendors(product_id, vendor_ids)
        present = ProductPicture.get_or_none(ProductPicture.product == product_id)
        if picture is None and present is None:
            raise PictureMissing(field="picture")
        if picture is None:
            ProductPicture.update(alt_texts=filled).where(ProductPicture.product == product_id).execute()
            record_event(actor, "product", product_id, "picture_described", data={"alt_texts": filled})
            return
        _remove(product_id)
        _lock_files()
        for size, content in picture.files.items():
            file = {"digest": picture.digest, "size": size, "content": content}
            PictureFile.insert(file).on_conflict_ignore().execute()
        ProductPicture.insert(
            product=product_id,
            digest=picture.digest,
            width=picture.width,
            height=picture.height,
            alt_texts=filled,
        ).execute()
        record_event(actor, "product", product_id, "picture_saved", data={"digest": picture.digest})


def remove_picture(product_id: int, actor: Actor, *, vendor_ids: Collection[int] | None) -> bool:
    """Take the picture off a product and return whether it had one; raise ProductNotFound."""
    with transaction():
        lock_product_of_vendors(product_id, vendor_ids)
        if not (digest := _remove(product_id)):
            return False
        record_event(actor, "product", product_id, "picture_removed", data={"digest": digest})
    return True


def find_picture_file(digest: str, size: str) -> bytes | None:
    """Return a WebP file by its digest and size, or None."""
    file = PictureFile.get_or_none((PictureFile.digest == digest) & (PictureFile.size == size))
    return bytes(file.content) if file else None


def pictures_by_product(product_ids: Iterable[int | None]) -> dict[int, ProductPicture]:
    """Return the pictures of these products, without their files."""
    ids = [product_id for product_id in product_ids if product_id is not None]
    rows = ProductPicture.select().where(ProductPicture.product.in_(ids))
    return {row.product_id: row for row in rows}


def _remove(product_id: int) -> str | None:
    """Delete the picture of a product, and its files unless another product shows the same; return its digest."""
    present = ProductPicture.get_or_none(ProductPicture.product == product_id)
    if present is None:
        return None
    _lock_files()
    ProductPicture.delete().where(ProductPicture.product == product_id).execute()
    if not ProductPicture.select().where(ProductPicture.digest == present.digest).exists():
        PictureFile.delete().where(PictureFile.digest == present.digest).execute()
    return str(present.digest)


def _lock_files() -> None:
    """Let one transaction at a time decide whether the files of a picture are still in use."""
    query("SELECT pg_advisory_xact_lock(hashtextextended('picture_files', 0))")


def _alt_text(text: str, field: str) -> str:
    cleaned = clean_line(text, field)
    if len(cleaned) > ALT_LENGTH:
        raise AltTextTooLong(field=field, at_most=ALT_LENGTH)
    return cleaned
