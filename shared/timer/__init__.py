"""What the timer does: finish sends, and bring in changes that nobody reported."""
