using System.Globalization;
using FlameEdge.Federated;
using FlameEdge.Models;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Scenarios.Learning;

/// <summary>A trainer that works against its job where its number is below the role's <c>attackers</c>: in the way its <c>attack</c> says.</summary>
internal sealed class HostileTrainer(RoleContext context) : SynchronousTrainer(IsAttacker(context) && AttackOf(context) == "label flip" ? WithFlippedLabels(context) : context)
{
    private const float Factor = 20;

    public static IReadOnlyList<string> Attacks { get; } = ["sign flip", "scaling", "label flip", "nan"];

    public override Step Compose() => ((Chain)base.Compose()).InsertAfter("train", new Tasklet("attack", AttackAsync));

    private static bool IsAttacker(RoleContext context) =>
        int.Parse(context.Worker.Id.Value.AsSpan(context.Worker.Id.Value.LastIndexOf('_') + 1), CultureInfo.InvariantCulture) < int.Parse(context.Role.Settings["attackers"], CultureInfo.InvariantCulture);

    private static string AttackOf(RoleContext context) => context.Role.Settings["attack"];

    private static RoleContext WithFlippedLabels(RoleContext context) => context with { LoadAsync = async (id, cancellationToken) => Flip(await context.LoadAsync(id, cancellationToken)) };

    private static Dataset Flip(Dataset data) => new(data.Name, data.SampleShape, data.ClassCount, data.Features, data.Labels.ToArray().Select(label => data.ClassCount - 1 - label).ToArray());

    private Task AttackAsync(CancellationToken cancellationToken)
    {
        var change = Change!.Values; // Read after train.
        for (var i = 0; IsAttacker(Context) && i < change.Length; i++)
        {
            change[i] = AttackOf(Context) switch
            {
                "sign flip" => -change[i] * Factor / 4,
                "scaling" => change[i] * Factor,
                "nan" => float.NaN,
                _ => change[i],
            };
        }

        return Task.CompletedTask;
    }
}
