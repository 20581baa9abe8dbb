from __future__ import annotations

import os

from app.web.assets import AssetUrls


def test_an_address_changes_with_the_content(app, tmp_path):
    bundle = tmp_path / "app.js"
    bundle.write_text("one")
    asset_url = AssetUrls(tmp_path)
    with app.test_request_context():
        before = asset_url("app.js")
        bundle.write_text("two")
        os.utime(bundle, ns=(1, 1))

        after = asset_url("app.js")

    assert before.startswith("/static/dist/app.js?v=")
    assert after != before


def test_a_page_without_its_bundles_still_has_addresses(app, tmp_path):
    asset_url = AssetUrls(tmp_path)
    with app.test_request_context():
        url = asset_url("app.js")

    assert url == "/static/dist/app.js"
    assert not asset_url.is_built()
