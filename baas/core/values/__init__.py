"""Values that are passed around: the clock, ids, money, text, HTML, cursors. They read and write nothing."""
