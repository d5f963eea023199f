using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Collaborative.Directory;

public class RankingTests
{
    private readonly FakeTimeProvider clock = new();

    [Theory]
    [InlineData(new[] { 1.0, 1 }, new[] { 1.0, 1 }, 0)]
    [InlineData(new[] { 1.0, 0 }, new[] { 0.0, 1 }, 0.693147)]
    [InlineData(new[] { 2.0, 2, 0 }, new[] { 0.0, 5, 5 }, 0.346574)] // Half of each lies where the other has half: ½ ln 2.
    [InlineData(new[] { 0.0, 0 }, new[] { 1.0, 0 }, 0.693147)]
    public void Jensen_Shannon_by_hand(double[] first, double[] second, double expected) =>
        Assert.Equal(expected, Divergence.JensenShannon(first, second), 6);

    [Fact]
    public void The_helper_with_both_classes_and_the_targets_own_others_comes_first()
    {
        var directory = Directory(Record("near", (1, 100, 0.9), (2, 100, 0.9), (3, 100, 0.9)), Record("far", (1, 100, 0.9), (2, 100, 0.9), (8, 100, 0.9)), Record("half", (1, 100, 0.95), (3, 100, 0.9)));

        Assert.Equal(["near", "far", "half"], directory.Ask(Request(1, 2)).Select(helper => helper.Site));
    }

    [Fact]
    public void Who_knows_too_little_is_too_often_wrong_unwilling_denied_or_already_asked_is_not_named()
    {
        var directory = new HelperDirectory("directory", new DirectorySettings { Denied = ["denied"] }, clock);
        directory.Publish(Record("few", (1, 20, 0.9)));
        directory.Publish(Record("wrong", (1, 100, 0.3)));
        directory.Publish(Record("unwilling", (1, 100, 0.9)) with { IsWilling = false });
        directory.Publish(Record("denied", (1, 100, 0.9)));
        directory.Publish(Record("asked", (1, 100, 0.9)));
        directory.Publish(Record("foreign", (1, 100, 0.9)) with { InputContract = 2 });
        directory.Publish(Record("target", (1, 100, 0.9)));

        Assert.Empty(directory.Ask(Request(1) with { Excluded = ["asked"] }));
    }

    [Fact]
    public void A_record_older_than_five_minutes_does_not_count()
    {
        var directory = Directory(Record("old", (1, 100, 0.9)));
        clock.Advance(TimeSpan.FromMinutes(6));

        Assert.Empty(directory.Ask(Request(1)));
    }

    [Fact]
    public void Refused_packets_cost_a_helper_its_place_and_late_ones_do_not()
    {
        var directory = Directory(Record("a", (1, 100, 0.9)), Record("b", (1, 100, 0.9)));
        directory.Take(new Verdict("other", "a", 1, 0, Refusal.Expired, 0));
        Assert.Equal("a", directory.Ask(Request(1))[0].Site);

        directory.Take(new Verdict("other", "a", 1, 0, Refusal.Harmful, -3));
        Assert.Equal("b", directory.Ask(Request(1))[0].Site);
        Assert.Equal(1 / 2.5, directory.Trust("a"), 9); // (0 + 1) / (½ + 2).
    }

    [Fact]
    public void A_request_that_nobody_can_answer_stands_until_somebody_can()
    {
        var directory = Directory(Record("a", (2, 100, 0.9)));
        Assert.Empty(directory.Ask(Request(1)));

        Assert.Empty(directory.Publish(Record("a", (1, 10, 0.9))));
        var answer = Assert.Single(directory.Publish(Record("a", (1, 50, 0.9))));

        Assert.Equal(("target", "a"), (answer.Request.Target, answer.Helper.Site));
        Assert.Empty(directory.Publish(Record("a", (1, 60, 0.9))));
    }

    [Fact]
    public void What_is_left_of_a_request_stands_when_a_helper_knows_only_some_of_its_classes()
    {
        var directory = Directory();
        Assert.Empty(directory.Ask(Request(1, 2)));

        Assert.Equal([1UL], Assert.Single(directory.Publish(Record("half", (1, 100, 0.9)))).Helper.Classes);
        var rest = Assert.Single(directory.Publish(Record("whole", (1, 100, 0.9), (2, 100, 0.9))));

        Assert.Equal(("whole", 2UL), (rest.Helper.Site, Assert.Single(rest.Helper.Classes)));
        Assert.Equal([2UL], rest.Request.Classes.Select(demand => demand.LabelId));
        Assert.Empty(directory.Publish(Record("another", (1, 100, 0.9), (2, 100, 0.9))));
    }

    [Fact]
    public void A_class_that_is_asked_for_again_does_not_stand_twice_and_leaves_the_others_standing()
    {
        var directory = Directory();
        directory.Ask(Request(1, 2));
        directory.Ask(Request(1));

        Assert.Equal([[2UL], [1UL]], directory.Publish(Record("whole", (1, 100, 0.9), (2, 100, 0.9))).Select(answer => answer.Helper.Classes));
    }

    [Fact]
    public void The_second_helper_is_the_unlike_one()
    {
        SiteRecord[] records = [Record("best", (1, 100, 1), (3, 100, 0.9)), Record("twin", (1, 100, 0.99), (3, 100, 0.9)), Record("unlike", (1, 100, 0.95), (3, 60, 0.9), (4, 60, 0.9))];
        var ranked = Directory(records).Ask(Request(1));

        Assert.Equal(["best", "unlike"], HelperRanking.Pair(ranked, records).Select(helper => helper.Site));
    }

    [Fact]
    public void A_record_is_sent_on_change_and_otherwise_every_ten_minutes()
    {
        var publisher = new RecordPublisher(clock);
        Assert.True(publisher.IsDue(Record("a", (1, 100, 0.9), (2, 100, 0.9))));
        Assert.False(publisher.IsDue(Record("a", (1, 110, 0.75), (2, 105, 0.9))));
        Assert.True(publisher.IsDue(Record("a", (1, 110, 0.65), (2, 105, 0.9))));
        Assert.True(publisher.IsDue(Record("a", (1, 110, 0.65), (2, 105, 0.9), (3, 40, 0.05))));
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True(publisher.IsDue(Record("a", (1, 110, 0.75), (2, 105, 0.9), (3, 40, 0.05))));
    }

    private HelperDirectory Directory(params SiteRecord[] records)
    {
        var directory = new HelperDirectory("directory", new DirectorySettings(), clock);
        foreach (var record in records)
        {
            directory.Publish(record);
        }

        return directory;
    }

    private SiteRecord Record(string site, params (ulong Label, int Count, double Recall)[] classes) => new()
    {
        Site = site,
        ModelHash = 1,
        Lineage = 1,
        InputContract = 1,
        Batches = 100,
        At = clock.GetUtcNow(),
        Classes = [.. classes.Select(known => ClassRecord.Of(known.Label, known.Count, known.Recall))],
    };

    private static KnowledgeRequest Request(params ulong[] labels) => new()
    {
        Target = "target",
        Classes = [.. labels.Select(label => new ClassDemand(label, 1))],
        Counts = new Dictionary<ulong, double> { [3] = 100 },
        InputContract = 1,
        Lineage = 1,
    };
}
