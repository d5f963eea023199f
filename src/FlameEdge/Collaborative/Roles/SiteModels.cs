using FlameEdge.Collaborative.Networks;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Opens the own network of a site as the job describes it. All sites of a job begin alike, so that aligned deltas fit.</summary>
internal static class SiteModels
{
    /// <exception cref="TopologyException">The job names no model, or one that a site cannot have.</exception>
    public static ISiteModel Open(RoleContext context, int featureCount, int classCount) => context.Job.Model switch
    {
        { Kind: "softmax" or "mlp", Activation: "relu" } model => DenseNetwork.Drawn(context.Job.Seed, [featureCount, .. model.Hidden, classCount], weightDecay: (float)context.Training.WeightDecay),
        null => throw new TopologyException($"job '{context.Job.Name}' names no model: add a section 'model', such as: model: {{ kind: mlp, hidden: [64, 32] }}"),
        var other => throw new TopologyException($"a Canoe site cannot have a model of kind '{other.Kind}' with {other.Activation}: use kind mlp or softmax with relu"),
    };
}
