"""The jobs of the timer: finish sends, and sync changes that no notification reported."""
