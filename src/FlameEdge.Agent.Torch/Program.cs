using FlameEdge.Agent;
using FlameEdge.Onnx;
using FlameEdge.Torch;

return await AgentHost.RunAsync(args, engines: [new OnnxEngine(), new TorchEngine()]);
