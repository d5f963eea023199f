using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Puts a drawn network on an engine: the same layers, weights, momentum and weight decay.</summary>
public delegate ISiteModel SiteEngine(DenseNetwork drawn);
