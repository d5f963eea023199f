using System.Globalization;
using FlameEdge.Federated;
using FlameEdge.Parameters;
using FlameEdge.Tasklets;

namespace MyOwnRole;

/// <summary>A trainer that never changes the model by more than <c>maxNorm</c> in a round: a step of its own, put between those of the trainer.</summary>
internal sealed class CautiousTrainer(RoleContext context) : SynchronousTrainer(context)
{
    public override Step Compose() => ((Chain)base.Compose()).InsertAfter("train", new Tasklet("clip", ClipAsync));

    private Task ClipAsync(CancellationToken cancellationToken)
    {
        var norm = ParameterMath.Norm(Change!.Values); // not null: train has run
        if (norm > MaxNorm)
        {
            var change = Change.Values;
            ParameterMath.AddScaled(change, (float)((MaxNorm / norm) - 1), change);
            Context.Observer.Say(Context.Worker.Id, string.Create(CultureInfo.InvariantCulture, $"clipped a change of {norm:0.000} to {MaxNorm}"));
        }

        return Task.CompletedTask;
    }

    private double MaxNorm => double.Parse(Context.Role.Settings.GetValueOrDefault("maxNorm", "1"), CultureInfo.InvariantCulture);
}
