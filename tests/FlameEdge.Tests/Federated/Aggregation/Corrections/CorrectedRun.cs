using System.Text.Json;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Federated.Aggregation.Corrections;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

/// <summary>An algorithm's both sides over clients given by their gradients: what a job would do, without the network.</summary>
internal sealed class CorrectedRun
{
    private readonly string _algorithm;
    private readonly JsonElement _settings;
    private readonly IReadOnlyList<Gradient> _gradients;
    private readonly IReadOnlyList<int> _samples;

    public CorrectedRun(string algorithm, JsonElement settings, ParameterLayout layout, float[] start, IReadOnlyList<Gradient> gradients, IReadOnlyList<int> samples)
    {
        (_algorithm, _settings, _gradients, _samples, Model) = (algorithm, settings, gradients, samples, start);
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
            var result = LocalSteps.Run(Clients[i], _gradients[i], Model, Server.Shared.Span, Steps(i), _settings.Number("lr"), _settings.NumberOrNull("momentum") ?? 0);
            var weight = Server.Weighting == UpdateWeighting.Samples ? _samples[i] : 1;
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
        _settings.TryGetProperty("local_steps_per_client", out var steps) ? steps[client].GetInt32() : _settings.Whole("local_steps");

    private ClientCorrection Client(ParameterLayout layout) => _algorithm switch
    {
        "feddyn" => new FedDynClient(layout, _settings.Number("alpha")),
        "scaffold" => new ScaffoldClient(layout, _settings.Number("lr")),
        "fednova" => new FedNovaClient(layout, _settings.Number("lr"), _settings.NumberOrNull("momentum") ?? 0, _settings.NumberOrNull("mu") ?? 0),
        _ => new FedProxClient(layout, _settings.NumberOrNull("mu") ?? 0),
    };
}
