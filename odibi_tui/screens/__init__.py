"""The modes of the application, one a file, and the pane they are made from."""
