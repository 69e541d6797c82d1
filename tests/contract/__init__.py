"""What clients rely on: the document, its examples, its page, and the application against it."""
