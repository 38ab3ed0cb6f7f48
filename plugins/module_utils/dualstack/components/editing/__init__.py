# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of components changed in place: manifests of static pods, unit files, files of flags, block YAML.

Only what is owned changes; comments, order, indentation and what others wrote stay as they are, byte by byte. What
can't be understood safely is an ``EditError`` that names the line and the fix, and nothing is changed then. Texts in,
texts out.
"""
