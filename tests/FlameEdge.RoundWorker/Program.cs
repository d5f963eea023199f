using System.Globalization;
using FlameEdge.RoundWorker;
using FlameEdge.Topology;

// round-worker BROKER BYTES TRAINERS GROUPS ROUNDS CODEC BACKEND FOLDER WORKER…
if (args is not [var broker, var bytes, var trainers, var groups, var rounds, var codec, var backend, var folder, .. var workers])
{
    Console.Error.WriteLine("round-worker BROKER BYTES TRAINERS GROUPS ROUNDS CODEC BACKEND FOLDER WORKER...");
    return 2;
}

var job = new RoundJob(long.Parse(bytes, CultureInfo.InvariantCulture), Number(trainers), Number(groups), Number(rounds), codec, backend);
await RoundWorkers.RunAsync(broker, job, [.. workers.Select(worker => new WorkerId(worker))], folder);
return 0;

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
