"""Keep tracks and all that is stored about them."""
