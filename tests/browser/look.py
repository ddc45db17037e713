"""Take pictures of the pages, to be looked at: `python -m tests.browser.look [ru|en]…`; they lie under var/screens/."""
