"""What holds something that must be given back: `closing` makes a `with` block of it."""
