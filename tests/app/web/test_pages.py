from __future__ import annotations

from app.web.pages import mark_commands


def test_commands_are_set_apart():
    assert mark_commands("run `emotitune doctor` first") == "run <code>emotitune doctor</code> first"


def test_markup_in_a_message_stays_text():
    assert mark_commands("got `<b>` & <i>") == "got <code>&lt;b&gt;</code> &amp; &lt;i&gt;"
