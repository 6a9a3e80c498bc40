"""Pages on one's own machine: files are taken in, jobs of the command line are run and shown, results are handed out.

Start with `serve`; `job` is what stands on disk, `running` the queue, `pages` and `api` the two ways in.
"""
