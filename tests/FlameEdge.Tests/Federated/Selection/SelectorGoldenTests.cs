using System.Text.Json;
using FlameEdge.Federated.Selection;
using FlameEdge.Tests.Federated.Aggregation;
using FlameEdge.Topology;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Selection;

[Trait("Category", "Golden")]
public class SelectorGoldenTests
{
    // The folder expects 0.015 at 20 000 draws; half of them are enough for four deviations at 0.02.
    private const int Draws = 10_000;
    private const double FrequencyTolerance = 0.02;

    public static TheoryData<string, int> OortScenarios => Cases("selectors/oort", "scenarios");

    public static TheoryData<string, int> PowerOfChoiceCases => Cases("selectors/power-of-choice");

    public static TheoryData<string> OortFiles => FilesOf("selectors/oort");

    [Theory]
    [MemberData(nameof(OortScenarios))]
    public void Oort_plans_as_published(string name, int index)
    {
        var scenario = Case(name, index, "scenarios");
        var expected = scenario.GetProperty("expected");
        var plan = Oort(scenario, 0).Plan(scenario.Whole("round_R"), Clients(scenario));
        var utilities = plan.Utilities.ToDictionary(pair => Id(pair.Key), pair => pair.Value);
        Assert.Equal(expected.GetProperty("explored_clients").GetArrayLength(), utilities.Count);
        foreach (var client in expected.GetProperty("explored_clients").EnumerateArray())
        {
            Assert.Equal(client.Number("utility"), utilities[client.Whole("id")], 1e-10 * client.Number("utility"));
        }

        Assert.Equal(expected.Whole("exploit_count"), plan.ExploitCount);
        Assert.Equal(expected.Number("cut_off_utility"), plan.CutOffUtility!.Value, 1e-10 * expected.Number("cut_off_utility"));
        Assert.Equal(expected.Wholes("candidates"), plan.Exploited.Select(Id));
        Assert.Equal(expected.Whole("explore_count"), plan.ExploreCount);
        Assert.Equal(expected.TryGetProperty("unexplored", out var unexplored) ? unexplored.Wholes() : [], plan.Unexplored.Select(Id));
    }

    [Theory]
    [MemberData(nameof(OortScenarios))]
    public void Oort_draws_in_the_published_proportions(string name, int index)
    {
        var scenario = Case(name, index, "scenarios");
        var expected = scenario.GetProperty("expected");
        var clients = Clients(scenario);
        var counts = new Dictionary<int, int>();
        for (var seed = 0UL; seed < Draws; seed++)
        {
            foreach (var chosen in Oort(scenario, seed).Select(scenario.Whole("round_R"), clients))
            {
                counts[Id(chosen)] = counts.GetValueOrDefault(Id(chosen)) + 1;
            }
        }

        AssertFrequencies(expected.Wholes("candidates"), expected.GetProperty("probability_of_being_selected"), counts);
        AssertFrequencies(expected.TryGetProperty("unexplored", out var unexplored) ? unexplored.Wholes() : [], expected.GetProperty("explore_probability_of_being_selected"), counts);
        Assert.Equal(expected.Wholes("candidates").Concat(unexplored.ValueKind == JsonValueKind.Array && expected.Whole("explore_count") > 0 ? unexplored.Wholes() : []).Order(), counts.Keys.Order());
    }

    [Theory]
    [MemberData(nameof(OortScenarios))]
    public void The_pacer_relaxes_as_published(string name, int index)
    {
        var scenario = Case(name, index, "scenarios");
        var pacer = scenario.GetProperty("expected").GetProperty("pacer");

        var oort = Oort(scenario, 0);

        Assert.Equal(pacer.Number("preferred_duration"), oort.PreferredDuration.TotalSeconds, 1e-9);
        Assert.Equal(pacer.GetProperty("relaxed").GetBoolean(), oort.PreferredDuration.TotalSeconds > scenario.Number("preferred_duration_before"));
    }

    [Theory]
    [MemberData(nameof(OortFiles))]
    public void Exploration_fades_as_published(string name)
    {
        var schedule = File(name).GetProperty("epsilon_schedule");
        var oort = new OortSelector(new OortSettings { Count = 1, Exploration = schedule.Number("start"), ExplorationDecay = schedule.Number("decay"), LeastExploration = schedule.Number("minimum") }, 0);

        Assert.All(schedule.Doubles("epsilon_after_each_round"), (epsilon, round) => Assert.Equal(epsilon, oort.ExplorationOf(round + 2), 1e-10));
    }

    [Theory]
    [MemberData(nameof(PowerOfChoiceCases))]
    public void Power_of_choice_takes_the_largest_losses_of_the_drawn(string name, int index)
    {
        var item = Case(name, index);
        var (all, drawn, count) = (Choices(item), item.Whole("candidates_d"), item.Whole("selected_m"));
        var given = item.Wholes("given_candidate_set").Select(id => all[id]).ToList();

        Assert.Equal(item.Wholes("selected_in_order"), new PowerOfChoiceSelector(drawn, count, 0).Choose(given).Select(Id));
        Assert.Equal(item.Wholes("selected_if_d_is_all"), new PowerOfChoiceSelector(all.Count, count, 0).Select(1, all).Select(Id));
    }

    [Theory]
    [MemberData(nameof(PowerOfChoiceCases))]
    public void Power_of_choice_draws_in_proportion_to_data(string name, int index)
    {
        var item = Case(name, index);
        var all = Choices(item);
        var counts = new Dictionary<int, int>();
        for (var seed = 0UL; seed < Draws; seed++)
        {
            foreach (var chosen in new PowerOfChoiceSelector(item.Whole("candidates_d"), item.Whole("selected_m"), seed).DrawCandidates(1, all))
            {
                counts[Id(chosen)] = counts.GetValueOrDefault(Id(chosen)) + 1;
            }
        }

        Assert.Equal(item.Whole("candidates_d") * Draws, counts.Values.Sum());
        AssertFrequencies([.. Enumerable.Range(0, all.Count)], item.GetProperty("candidate_inclusion_probability"), counts);
    }

    private static void AssertFrequencies(int[] ids, JsonElement probabilities, Dictionary<int, int> counts)
    {
        // null where the exact figure is too dear.
        for (var i = 0; probabilities.ValueKind == JsonValueKind.Array && i < ids.Length; i++)
        {
            Assert.Equal(probabilities[i].GetDouble(), counts.GetValueOrDefault(ids[i]) / (double)Draws, FrequencyTolerance);
        }
    }

    private static OortSelector Oort(JsonElement scenario, ulong seed)
    {
        var oort = new OortSelector(
            new OortSettings
            {
                Count = scenario.Whole("K"),
                Exploration = scenario.Number("exploration_epsilon"),
                ExplorationDecay = 1,
                LeastExploration = 0,
                CutOff = scenario.Number("cut_off_confidence_c"),
                StragglerPenalty = scenario.Number("straggler_penalty_alpha"),
                ClipQuantile = scenario.NumberOrNull("utility_clip_quantile"),
                ExploitLimit = (int?)scenario.NumberOrNull("blacklist_after_times_chosen"),
                PacerStep = TimeSpan.FromSeconds(scenario.Number("pacer_step_T")),
                PacerWindow = scenario.Whole("pacer_window_W"),
                FillsUp = false,
            },
            seed);

        // The pacer looks when a round ends: all but the last are history.
        var history = scenario.Doubles("utility_achieved_in_each_past_round");
        oort.Restore(TimeSpan.FromSeconds(scenario.Number("preferred_duration_before")), history.SkipLast(1));
        if (history.Length > 0)
        {
            oort.Complete(history[^1]);
        }

        return oort;
    }

    private static List<Candidate> Clients(JsonElement scenario) => [.. scenario.GetProperty("clients").EnumerateArray().Select(client => new Candidate
    {
        Worker = Worker(client.Whole("id")),
        Samples = client.Whole("samples"),
        MeanSquareLoss = client.NumberOrNull("mean_square_loss"),
        Duration = TimeSpan.FromSeconds(client.Number("duration")),
        LastRound = (int?)client.NumberOrNull("last_round"),
        TimesSelected = client.Whole("times_chosen"),
    })];

    private static List<Candidate> Choices(JsonElement item) => [.. item.Wholes("samples").Zip(item.Doubles("local_losses_at_the_global_model"), (samples, loss) => (samples, loss))
        .Select((pair, id) => new Candidate { Worker = Worker(id), Samples = pair.samples, Loss = pair.loss })];

    private static WorkerId Worker(int id) => new($"trainer_{id:D4}");

    private static int Id(Candidate candidate) => int.Parse(candidate.Worker.Value.Split('_')[1]);
}
