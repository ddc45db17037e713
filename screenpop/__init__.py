"""The agents' screens: cards, desk, wallboard and the live gateway that feeds them."""
