using System.Text.Json;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Federated.Aggregation.Corrections;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

/// <summary>An algorithm's both sides over clients given by their gradients: what a job would do, without the network.</summary>
internal sealed class CorrectedRun
{
    private readonly string algorithm;
    private readonly JsonElement settings;
    private readonly IReadOnlyList<Gradient> gradients;
    private readonly IReadOnlyList<int> samples;

    public CorrectedRun(string algorithm, JsonElement settings, ParameterLayout layout, float[] start, IReadOnlyList<Gradient> gradients, IReadOnlyList<int> samples)
    {
        (this.algorithm, this.settings, this.gradients, this.samples, Model) = (algorithm, settings, gradients, samples, start);
        Server = ServerOptimizers.Make(algorithm, settings, layout);
        Clients = [.. gradients.Select(_ => Client(layout))];
    }

    public float[] Model { get; }

    public ServerOptimizer Server { get; }

    public IReadOnlyList<IClientCorrection> Clients { get; }

    public double MeanWork { get; private set; }

    /// <summary>A round of these clients; gives their models and what they sent.</summary>
    public List<(float[] Model, float[] Change, float[] Second, double Work)> Round(IReadOnlyList<int> participants)
    {
        var (mean, second) = (new RunningMean(Model.Length), new RunningMean(Model.Length));
        var (work, total) = (0.0, 0L);
        var results = new List<(float[] Model, float[] Change, float[] Second, double Work)>();
        foreach (var i in participants)
        {
            var result = LocalSteps.Run(Clients[i], this.gradients[i], Model, Server.Shared.Span, Steps(i), this.settings.Number("lr"), this.settings.NumberOrNull("momentum") ?? 0);
            var weight = Server.Weighting == UpdateWeighting.Samples ? this.samples[i] : 1;
            mean.Fold(result.Change, weight);
            if (Clients[i].SendsSecond)
            {
                second.Fold(result.Second, weight);
            }

            (work, total) = (work + (weight * result.Work), total + weight);
            results.Add(result);
        }

        MeanWork = work / total;
        Server.Step(new RoundChange(mean.Mean) { MeanSecond = second.Mean, MeanWork = MeanWork, Participation = (double)participants.Count / Clients.Count }, Model);
        return results;
    }

    private int Steps(int client) =>
        this.settings.TryGetProperty("local_steps_per_client", out var steps) ? steps[client].GetInt32() : this.settings.Whole("local_steps");

    private ClientCorrection Client(ParameterLayout layout) => this.algorithm switch
    {
        "feddyn" => new FedDynClient(layout, this.settings.Number("alpha")),
        "scaffold" => new ScaffoldClient(layout, this.settings.Number("lr")),
        "fednova" => new FedNovaClient(layout, this.settings.Number("lr"), this.settings.NumberOrNull("momentum") ?? 0, this.settings.NumberOrNull("mu") ?? 0),
        _ => new FedProxClient(layout, this.settings.NumberOrNull("mu") ?? 0),
    };
}
