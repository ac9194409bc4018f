"""What the checks say. Every text is whole as it stands: no count, no value, no label is ever put into one."""

from __future__ import annotations

from privacy.reason import Reason, Texts, reason

#: What keeps a result inside.
REFUSALS: Texts = {
    "malformed": (
        "The result is not in order: sizes, labels, counts and the registered data do not fit together.",
        "结果不成形：大小、标签、计数与登记的数据互不相符。",
    ),
    "labels": (
        "A name or a label is empty, too long, stands twice, or holds what a label must not hold.",
        "名称或标签为空、过长、重复，或含有不允许的内容。",
    ),
    "membership": (
        "Nobody says which records are in which cell, so that earlier releases cannot be compared.",
        "未说明哪些记录属于哪个单元格，因此无法与以前的发布比较。",
    ),
    "history": (
        "There is no history of earlier releases of this data set to compare with.",
        "没有该数据集以往发布的历史，无法比较。",
    ),
    "min-cell": ("Cells with too few people.", "有单元格人数过少。"),
    "zero": ("Cells that show that nobody is in them.", "有单元格显示其中没有任何人。"),
    "full": (
        "A cell holds its whole group: everyone in that group is known to have the property.",
        "有单元格包含整个群组：可知该群组每个人都具有该属性。",
    ),
    "alike": (
        "All people of a cell contribute the same, so that the value tells what each of them has.",
        "有单元格中所有人的数值相同，因此可知每个人的数值。",
    ),
    "dominance": (
        "In some cells few contributors make up most of the value, so that one can work out another's.",
        "有单元格的数值主要来自少数贡献者，可据此推算他人的数值。",
    ),
    "extremes": (
        "Minimum, maximum or a quantile near the edge: it is the value of one person.",
        "最小值、最大值或靠近边缘的分位数：即某一个人的数值。",
    ),
    "nothing-left": (
        "Nothing is left to show once the unsafe cells are redacted.",
        "遮蔽不安全的单元格后没有可显示的内容。",
    ),
    "freedom": (
        "Too few degrees of freedom: the coefficients come near to the records themselves.",
        "自由度过小：系数近乎记录本身。",
    ),
    "group-size": (
        "A term, leaf, class or site rests on too few people, or the whole on too few.",
        "某一项、叶节点、类别或站点所依据的人数过少，或整体人数过少。",
    ),
    "family": (
        "Models of this family keep records of people inside, or their family is not on the list.",
        "该类模型内部保存个人记录，或不在允许的类别之列。",
    ),
    "capacity": (
        "The model has so many parameters for its people that it can remember them.",
        "模型参数相对人数过多，足以记住个人。",
    ),
    "media": ("Files of this type do not leave.", "此类型的文件不得出域。"),
    "file": (
        "The file is damaged, or holds what a file of its type may not hold here.",
        "文件损坏，或含有该类型文件在此不允许的内容。",
    ),
    "size": ("Larger than what may leave at once.", "超过一次允许出域的大小。"),
    "no-table": (
        "A picture needs the table that it was drawn from.",
        "图形必须附上绘制所依据的表。",
    ),
    "shows-unsafe": (
        "The picture is drawn from cells that may not be shown.",
        "图形由不得显示的单元格绘制。",
    ),
    "text": ("Free text does not leave.", "自由文本不得出域。"),
    "not-finite": ("A number is missing, infinite or too large to be written.", "有数字缺失、无穷大或过大而无法写出。"),
    "difference-atom": (
        "Together with earlier releases, this one determines a group with too few people.",
        "与以往发布合并后，可推算出人数过少的群组。",
    ),
    "difference-group": (
        "The difference between this release and earlier ones is a group with too few people.",
        "与以往发布相减，所得群组人数过少。",
    ),
    "difference-undecided": (
        "Releases overlap so much that nobody can say in time whether a small group is determined. Round the counts.",
        "各次发布重叠过多，无法及时判断是否可推算出小群组。请对计数取整。",
    ),
    "difference-rounded": (
        "Rounded counts of the same cells, told in several ways, leave one number for a group with too few people.",
        "同一单元格以多种方式取整发布，使人数过少的群组只剩一个可能的数值。",
    ),
    "difference-empty": (
        "Together with earlier releases, or the number of records, this one tells that nobody is in a group, or that"
        " everybody in it is alike. Put labels together, or round the counts.",
        "与以往发布或记录总数合并后，可知某群组中没有任何人，或群组中所有人都具有同一属性。请合并标签，或对计数取整。",
    ),
    "difference-cap": (
        "This version has had all the exact releases that the policy allows. Round, or use differential privacy.",
        "该版本的精确发布次数已达策略上限。请取整，或使用差分隐私。",
    ),
    "difference-fine": (
        "Releases cut the data into so many groups that they can no longer be compared. Use fewer cells, or round.",
        "各次发布将数据划分得过细，已无法比较。请减少单元格，或取整。",
    ),
}

#: What was changed so that a result may leave.
NOTES: Texts = {
    "redacted": ("Unsafe cells were redacted.", "不安全的单元格已遮蔽。"),
    "rounded": ("Counts were rounded.", "计数已取整。"),
    "precision": ("Numbers were cut to the digits that the policy allows.", "数字已截为策略允许的位数。"),
    "totals": ("Totals are those of the cells shown.", "合计只含显示的单元格。"),
    "rewritten": ("The file was written anew without what cannot be seen in it.", "文件已重写，去除其中不可见的内容。"),
}


def refusal(code: str) -> Reason:
    """Why a result may not leave."""
    return reason(REFUSALS, code)


def note(code: str) -> Reason:
    """What was changed so that it may (`Cleared.notes`)."""
    return reason(NOTES, code, refused=False)
