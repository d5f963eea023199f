using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Tasklets;

namespace FlameEdge.Federated.Coordination;

/// <summary>Tells people, on the job's <c>event</c> topic, what a coordinator decided and why.</summary>
internal static class CoordinationStory
{
    private const int TrainersPerEvent = 100;

    /// <summary>One event for each aggregator of the plan and each that is left out; long lists in pages.</summary>
    public static void Tell(RoleContext context, CoordinatorState state, IReadOnlyDictionary<string, double> delays)
    {
        foreach (var (name, known) in state.Aggregators.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var trainers = state.Assignment.GetValueOrDefault(name) ?? [];
            foreach (var page in trainers.Chunk(TrainersPerEvent).DefaultIfEmpty([]))
            {
                var told = new AssignmentEvent("assignment", state.Round, state.Plan, name, known.Why, trainers.Count, known.Pace is { } pace ? Math.Round(pace, 4) : null,
                    delays.TryGetValue(name, out var delay) ? Math.Round(delay, 4) : null, known.Strikes > 0 ? known.From : null, [.. page.Select(trainer => Of(trainer, state))]);
                context.Observer.Happened(context.Worker.Id, new JobEvent(JsonSerializer.SerializeToUtf8Bytes(told, CoordinationJson.Default.AssignmentEvent)));
            }

            if (known.Strikes > 0)
            {
                context.Observer.Say(context.Worker.Id, $"round {state.Round}: {name} {known.Why}");
            }
        }
    }

    private static AssignedTrainer Of(string trainer, CoordinatorState state) => state.Trainers.GetValueOrDefault(trainer) is { } known
        ? new(trainer, Math.Round(known.Trained, 3), Math.Round(known.BytesPerSecond))
        : new(trainer, null, null);
}

/// <summary>Who works with an aggregator from a round on, and why.</summary>
/// <param name="Event"><c>assignment</c>.</param>
/// <param name="Round">The first round of it.</param>
/// <param name="Plan">The plan's number.</param>
/// <param name="Aggregator">Which.</param>
/// <param name="Why">In words.</param>
/// <param name="Count">Trainers it has; 0 where it takes no part.</param>
/// <param name="SecondsPerUpdate">Measured; null before.</param>
/// <param name="DelaySeconds">Of a message to it and its answer.</param>
/// <param name="From">The first round it may take part in again, for one that is left out or was.</param>
/// <param name="Trainers">Its trainers, a page of them.</param>
internal sealed record AssignmentEvent(string Event, int Round, int Plan, string Aggregator, string Why, int Count, double? SecondsPerUpdate, double? DelaySeconds, int? From, IReadOnlyList<AssignedTrainer> Trainers);

/// <summary>A trainer of an aggregator.</summary>
/// <param name="Trainer">Who.</param>
/// <param name="TrainsSeconds">Measured; null before.</param>
/// <param name="BytesPerSecond">On its last way there, both directions, waiting included.</param>
internal sealed record AssignedTrainer(string Trainer, double? TrainsSeconds, double? BytesPerSecond);

/// <summary>JSON of a coordinator's events, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AssignmentEvent))]
internal sealed partial class CoordinationJson : JsonSerializerContext;
