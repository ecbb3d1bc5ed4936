# SPDX-License-Identifier: MIT
"""The course: labs, hand-outs and grades. course/ has the labs' texts and lists."""
