"""What can be done, one verb a file; the pages, the REST interface, the admin and the commands all come here.

The order of every change is: the row says what is meant, the worker is asked, the row says how it ended. No
transaction is open while the worker works, and what a crash leaves in between `reconcile` puts right.
"""
