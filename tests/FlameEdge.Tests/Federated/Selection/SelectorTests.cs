using FlameEdge.Federated.Selection;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Selection;

public class SelectorTests
{
    public static TheoryData<string> Names => ["all", "random", "power-of-choice", "concurrency", "deadline", "budget", "oort", "poisson"];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_chooses_the_same_whatever_the_order_of_the_list(string name)
    {
        var candidates = Fleet(20);

        var first = Make(name, 5).Select(3, candidates).Select(candidate => candidate.Worker);
        var again = Make(name, 5).Select(3, [.. candidates.AsEnumerable().Reverse()]).Select(candidate => candidate.Worker);

        Assert.Equal(first, again);
        Assert.Equal(first.Distinct(), first);
    }

    [Theory]
    [InlineData("random")]
    [InlineData("power-of-choice")]
    [InlineData("concurrency")]
    [InlineData("deadline")]
    [InlineData("oort")]
    [InlineData("poisson")]
    public void Rounds_and_seeds_choose_differently(string name)
    {
        var candidates = Fleet(20);
        var choices = Enumerable.Range(1, 10).SelectMany(round => new[] { 5UL, 6UL }.Select(seed =>
            string.Join(',', Make(name, seed).Select(round, candidates).Select(candidate => candidate.Worker.Value).Order(StringComparer.Ordinal))));

        Assert.True(choices.Distinct(StringComparer.Ordinal).Count() > 10);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nobody_present_is_nobody_chosen(string name) => Assert.Empty(Make(name, 1).Select(1, []));

    [Theory]
    [MemberData(nameof(Names))]
    public void Newcomers_of_whom_nothing_is_known_can_be_chosen(string name) =>
        Assert.NotEmpty(Make(name, 1).Select(1, [new Candidate { Worker = new WorkerId("trainer_0") }]));

    [Fact]
    public void Poisson_draws_each_by_itself_at_its_rate_and_nobody_as_often_as_that_makes()
    {
        const int Rounds = 20_000;
        var draws = Enumerable.Range(1, Rounds).Select(round => new PoissonSelector(0.3, 11).Select(round, Fleet(4)).Select(candidate => candidate.Worker.Value).ToHashSet(StringComparer.Ordinal)).ToList();

        // Five deviations of 20 000 draws: 0.0162 at 0.3, 0.0102 at 0.09, 0.0152 at 0.7⁴ = 0.2401.
        Assert.All(Fleet(4), one => Assert.InRange(draws.Count(draw => draw.Contains(one.Worker.Value)) / (double)Rounds, 0.2838, 0.3162));
        Assert.InRange(draws.Count(draw => draw.Contains("trainer_0") && draw.Contains("trainer_3")) / (double)Rounds, 0.0798, 0.1002);
        Assert.InRange(draws.Count(draw => draw.Count == 0) / (double)Rounds, 0.2249, 0.2553);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PoissonSelector(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PoissonSelector(double.NaN, 1));
    }

    [Fact]
    public void Concurrency_tops_up_what_was_released_and_forgets_who_left()
    {
        var selector = new ConcurrencySelector(3, 1);
        var fleet = Fleet(6);
        var busy = selector.Select(1, fleet);
        Assert.Equal(3, busy.Count);
        Assert.Empty(selector.Select(2, fleet));

        selector.Release(busy[0].Worker);
        var next = Assert.Single(selector.Select(3, fleet));
        Assert.DoesNotContain(next, busy.Skip(1));

        var remaining = fleet.Where(candidate => candidate != next && candidate != busy[1]).ToList();
        Assert.Equal(2, selector.Select(4, remaining).Count);
        Assert.Equal(3, selector.Busy.Count);
    }

    [Fact]
    public void The_deadline_passes_over_the_slow_while_enough_are_fast()
    {
        // Durations 1..20 s.
        var enough = new DeadlineSelector(5, TimeSpan.FromSeconds(10), 1).Select(1, Fleet(20));
        var few = new DeadlineSelector(5, TimeSpan.FromSeconds(3), 1).Select(1, Fleet(20));

        Assert.All(enough, candidate => Assert.True(candidate.Duration <= TimeSpan.FromSeconds(10)));
        Assert.Equal([1.0, 2, 3, 4, 5], few.Select(candidate => candidate.Duration!.Value.TotalSeconds).Order());
    }

    [Fact]
    public void The_budget_is_kept_and_everybody_has_a_turn()
    {
        var selector = new BudgetSelector(10);
        var fleet = Enumerable.Range(0, 6).Select(i => new Candidate { Worker = new WorkerId($"trainer_{i}"), Samples = 10 * (6 - i), Cost = 2 + i }).ToList();
        var seen = new HashSet<WorkerId>();
        for (var round = 1; round <= 6; round++)
        {
            var chosen = selector.Select(round, fleet).Select(candidate => candidate.Worker).ToHashSet();
            seen.UnionWith(chosen);
            Assert.InRange(fleet.Where(candidate => chosen.Contains(candidate.Worker)).Sum(candidate => candidate.Cost), 1, 10);
            fleet = [.. fleet.Select(candidate => chosen.Contains(candidate.Worker) ? candidate with { LastRound = round } : candidate)];
        }

        Assert.Equal(6, seen.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(20)]
    public void Oort_fills_its_round_whatever_share_is_known(int explored)
    {
        var fleet = Fleet(20).Select((candidate, i) => i < explored ? candidate with { MeanSquareLoss = 1 + i, LastRound = 1 } : candidate).ToList();

        Assert.Equal(8, new OortSelector(new OortSettings { Count = 8 }, 1).Select(2, fleet).Distinct().Count());
    }

    [Fact]
    public void Oort_exploits_clients_that_have_nothing_left_to_learn()
    {
        var fleet = Fleet(5).Select(candidate => candidate with { MeanSquareLoss = 0, LastRound = 1 }).ToList();

        Assert.Equal(3, new OortSelector(new OortSettings { Count = 3 }, 1).Select(1, fleet).Distinct().Count());
    }

    private static ISelector Make(string name, ulong seed) => name switch
    {
        "all" => new AllSelector(),
        "random" => new RandomSelector(5, seed),
        "power-of-choice" => new PowerOfChoiceSelector(8, 5, seed),
        "concurrency" => new ConcurrencySelector(5, seed),
        "deadline" => new DeadlineSelector(5, TimeSpan.FromSeconds(10), seed),
        "budget" => new BudgetSelector(30),
        "poisson" => new PoissonSelector(0.75, seed),
        _ => new OortSelector(new OortSettings { Count = 6, Exploration = 0.5 }, seed),
    };

    private static List<Candidate> Fleet(int count) => [.. Enumerable.Range(0, count).Select(i => new Candidate
    {
        Worker = new WorkerId($"trainer_{i}"),
        Samples = 10 + i,
        Loss = 1 + (i * 7 % 5),
        MeanSquareLoss = i % 2 == 0 ? 1 + i : null,
        LastRound = i % 2 == 0 ? 1 : null,
        Duration = TimeSpan.FromSeconds(i + 1),
        Cost = 3 + (i % 4),
    })];
}
