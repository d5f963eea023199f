using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Roles;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Collaborative.Roles;

public class ErrandsTests
{
    private static readonly KnowledgeRequest s_both = new()
    {
        Target = "target",
        Classes = [new ClassDemand(1, 1), new ClassDemand(2, 1)],
        Counts = new Dictionary<ulong, double>(),
        InputContract = 1,
        Lineage = 1,
    };

    private readonly Errands errands = new(new FakeTimeProvider());

    [Fact]
    public void Who_is_named_later_is_asked_for_the_class_that_the_first_did_not_know()
    {
        var number = errands.Begin(s_both, 0).Number;
        Assert.Equal(["half"], errands.Rank(number, [new RankedHelper("half", [1], 0.5)]).Select(part => part.Helper));
        Assert.True(errands.Answer(number, "half", new byte[] { 1 }));
        Assert.Equal(["half", null], errands.Take(0).Select(part => part.Helper));

        var rest = Assert.Single(errands.Rank(number, [new RankedHelper("whole", [2], 0.9)]));

        Assert.Equal(("whole", 2UL), (rest.Helper, Assert.Single(rest.Request.Classes).LabelId));
        Assert.True(errands.Answer(number, "whole", new byte[] { 2 }));
        Assert.Equal(["whole"], errands.Take(0).Select(part => part.Helper));
        Assert.Empty(errands.Rank(number, [new RankedHelper("late", [1, 2], 0.9)]));
    }

    [Fact]
    public void A_directory_that_comes_back_hears_only_what_is_left_of_a_request()
    {
        var number = errands.Begin(s_both, 7).Number;
        Assert.Equal(s_both.Classes, Assert.Single(errands.Unanswered).Request.Classes);

        errands.Rank(number, [new RankedHelper("half", [1], 0.5)]);
        var left = Assert.Single(errands.Unanswered);
        Assert.Equal((2UL, 7L), (Assert.Single(left.Request.Classes).LabelId, left.Batch));

        errands.Rank(number, [new RankedHelper("whole", [2], 0.9)]);
        Assert.Empty(errands.Unanswered);
    }
}
