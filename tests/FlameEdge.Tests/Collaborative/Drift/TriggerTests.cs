using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Drift;

namespace FlameEdge.Tests.Collaborative.Drift;

public class TriggerTests
{
    [Fact]
    public void The_error_trigger_fires_on_the_first_batch_above_three_deviations()
    {
        // μ = 0.125, σ = 0.083: 5 of 16 is 2.3 σ above, 6 of 16 is 3.02 σ.
        Assert.False(Batch(Used(errorsPerBatch: 2), 5));
        Assert.True(Batch(Used(errorsPerBatch: 2), 6));
    }

    [Fact]
    public void Two_batches_in_a_row_above_two_deviations_fire()
    {
        var trigger = Used(errorsPerBatch: 2);

        Assert.False(Batch(trigger, 5));
        Assert.True(Batch(trigger, 5));
    }

    [Fact]
    public void A_batch_that_stands_out_does_not_move_the_reference()
    {
        var trigger = Used(errorsPerBatch: 2);
        var before = trigger.Reference;

        Batch(trigger, 16);

        Assert.Equal(0.125, before, 6);
        Assert.Equal(before, trigger.Reference);
    }

    [Fact]
    public void Without_labels_a_new_spread_of_predictions_fires_once_and_the_same_spread_never()
    {
        var trigger = new HistogramTrigger(3);
        var fired = Enumerable.Range(0, 60).Count(_ => trigger.Add([0, 1, 0, 1, 0, 1, 0, 1]));
        var after = Enumerable.Range(0, 10).Count(_ => trigger.Add([2, 2, 2, 2, 0, 1, 2, 2]));

        Assert.Equal((0, 1), (fired, after));
    }

    [Fact]
    public void A_new_class_is_asked_for_once_and_then_the_next_helper_at_once()
    {
        var (book, recent) = (new DemandBook(new CanoeSettings(), 3), new RecentBatches(3));
        List<string> asked = [];
        for (var batch = 0; batch < 8; batch++)
        {
            recent.Add(new float[2], [2, 2], [0, 0]);
            book.Begin([2, 2], label => label == 2 ? 2 * batch : 100, alarm: false);
            if (batch == 3)
            {
                book.Retry(2, "north");
            }

            asked.AddRange(book.Ask(recent, _ => false).Select(label => $"{batch}: {label} not {string.Join(',', book.Tried(label))}"));
        }

        Assert.Equal(["0: 2 not ", "3: 2 not north"], asked);
    }

    [Fact]
    public void A_class_is_frozen_while_help_is_likely_and_never_longer_than_set()
    {
        var (book, recent) = (new DemandBook(new CanoeSettings { FreezeBatches = 3, RequestTimeoutBatches = 100 }, 2), new RecentBatches(2));
        List<int> frozen = [];
        for (var batch = 0; batch < 6; batch++)
        {
            recent.Add(new float[1], [1], [0]);
            book.Begin([1], _ => 0, alarm: false);
            book.Ask(recent, _ => false);
            frozen.Add(book.Frozen.Count);
        }

        Assert.Equal([1, 1, 1, 0, 0, 0], frozen);
    }

    [Fact]
    public void After_two_refusals_a_class_is_not_frozen()
    {
        var (book, recent) = (new DemandBook(new CanoeSettings(), 2), new RecentBatches(2));
        List<int> frozen = [];
        for (var batch = 0; batch < 3; batch++)
        {
            recent.Add(new float[1], [1], [0]);
            book.Begin([1], _ => 0, alarm: false);
            book.Ask(recent, _ => false);
            frozen.Add(book.Frozen.Count);
            book.Retry(1, $"helper-{batch}");
        }

        Assert.Equal([1, 1, 0], frozen);
    }

    [Fact]
    public void Known_classes_that_become_harder_are_a_broad_drift_and_chance_is_not()
    {
        var broad = new BroadDrift(0.1);
        var quiet = Enumerable.Range(0, 100).Count(batch => broad.Add(16, batch % 3));
        var moved = Enumerable.Range(0, 4).Select(_ => broad.Add(16, 8)).ToArray();

        Assert.Equal(0, quiet);
        Assert.True(moved[^1]);
    }

    private static ErrorTrigger Used(int errorsPerBatch)
    {
        var trigger = new ErrorTrigger(16);
        for (var batch = 0; batch < 20; batch++)
        {
            Assert.False(Batch(trigger, errorsPerBatch));
        }

        return trigger;
    }

    private static bool Batch(ErrorTrigger trigger, int errors)
    {
        var fires = false;
        for (var i = 0; i < 16; i++)
        {
            fires |= trigger.Add(i < errors ? 1 : 0);
        }

        return fires;
    }
}
